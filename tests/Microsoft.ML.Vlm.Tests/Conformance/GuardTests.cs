using System.Reflection;
using Mono.Cecil;

namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>What the compiler no longer checks, since it was shown ML.NET's internals as public.</summary>
public sealed class GuardTests : IDisposable
{
    private const string ComponentsNamespace = "Microsoft.ML.Vlm.Components";
    private const string AccessAttribute = "IgnoresAccessChecksToAttribute";

    private static readonly Assembly s_assembly = typeof(VlmTransformer).Assembly;

    private readonly DefaultAssemblyResolver _resolver = new();
    private readonly ModuleDefinition _module;

    public GuardTests()
    {
        _resolver.AddSearchDirectory(AppContext.BaseDirectory);
        _resolver.AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location)!);
        _module = ModuleDefinition.ReadModule(s_assembly.Location, new ReaderParameters { AssemblyResolver = _resolver });
    }

    [Fact]
    public void Every_member_of_MLNet_that_is_used_exists_in_the_installed_version()
    {
        string[] missing = [.. _module.GetMemberReferences().Where(member => IsMLNet(member.DeclaringType) && Resolve(member) is null).Select(member => member.FullName)];
        string[] missingTypes = [.. _module.GetTypeReferences().Where(type => IsMLNet(type) && type.Resolve() is null).Select(type => type.FullName)];

        Assert.Empty(missing);
        Assert.Empty(missingTypes);
    }

    [Fact]
    public void Internal_members_come_from_the_opened_assemblies_and_are_used_in_components_alone()
    {
        string[] opened = [.. s_assembly.GetCustomAttributesData().Where(data => data.AttributeType.Name == AccessAttribute).Select(data => (string)data.ConstructorArguments[0].Value!)];
        List<string> strays = [];
        int uses = 0;
        foreach (TypeDefinition type in _module.GetTypes())
        {
            foreach (MethodDefinition method in type.Methods.Where(method => method.HasBody))
            {
                foreach (MemberReference member in method.Body.Instructions.Select(instruction => instruction.Operand).OfType<MemberReference>().Where(IsInternalOfMLNet))
                {
                    uses++;
                    if (!opened.Contains(ScopeOf(member)) || !Namespace(type).StartsWith(ComponentsNamespace, StringComparison.Ordinal))
                    {
                        strays.Add($"{method.FullName} uses {member.FullName}");
                    }
                }
            }
        }

        Assert.Empty(strays);
        Assert.True(uses > 0);
    }

    [Fact]
    public void Nothing_internal_shows_in_the_public_surface()
    {
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        List<string> leaks = [];
        foreach (Type type in s_assembly.GetExportedTypes())
        {
            void check(string member, params IEnumerable<Type?> types)
                => leaks.AddRange(types.SelectMany(Parts).Where(part => !part.IsVisible).Select(part => $"{type}.{member}: {part}"));

            check("(base)", [type.BaseType, .. type.GetInterfaces().Where(contract => !IsHidden(type, contract))]);
            foreach (MethodBase method in type.GetMethods(Declared).Concat<MethodBase>(type.GetConstructors(Declared)).Where(method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly))
            {
                check(method.Name, [.. method.GetParameters().Select(parameter => parameter.ParameterType), (method as MethodInfo)?.ReturnType]);
            }
            foreach (FieldInfo field in type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly))
            {
                check(field.Name, field.FieldType);
            }
        }

        Assert.Empty(leaks);
    }

    public void Dispose()
    {
        _module.Dispose();
        _resolver.Dispose();
    }

    // An interface of the house's own that a type implements explicitly cannot be seen from outside.
    private static bool IsHidden(Type type, Type contract)
        => contract.Assembly == s_assembly && type.IsClass && type.GetInterfaceMap(contract).TargetMethods.All(method => method.IsPrivate);

    private static bool IsMLNet(TypeReference? type)
        => type is not null && type.GetElementType().Scope is AssemblyNameReference scope && scope.Name.StartsWith("Microsoft.ML", StringComparison.Ordinal) && scope.Name != s_assembly.GetName().Name;

    private static IMemberDefinition? Resolve(MemberReference member) => member switch
    {
        MethodReference method => method.Resolve(),
        FieldReference field => field.Resolve(),
        _ => member.DeclaringType.Resolve(),
    };

    private static bool IsInternalOfMLNet(MemberReference member) => member switch
    {
        TypeReference type => IsMLNet(type) && IsInternal(type.GetElementType().Resolve()),
        MethodReference method => IsMLNet(method.DeclaringType) && (IsInternal(method.DeclaringType.Resolve()) || method.Resolve().IsAssembly),
        FieldReference field => IsMLNet(field.DeclaringType) && (IsInternal(field.DeclaringType.Resolve()) || field.Resolve().IsAssembly),
        _ => false,
    };

    private static bool IsInternal(TypeDefinition type)
        => type.IsNested ? type.IsNestedAssembly || IsInternal(type.DeclaringType) : type.IsNotPublic;

    private static string ScopeOf(MemberReference member)
        => ((member as TypeReference ?? member.DeclaringType).GetElementType().Scope as AssemblyNameReference)!.Name;

    private static string Namespace(TypeDefinition type) => type.DeclaringType is null ? type.Namespace : Namespace(type.DeclaringType);

    private static IEnumerable<Type> Parts(Type? type)
    {
        if (type is null || type.IsGenericParameter)
        {
            return [];
        }
        if (type.HasElementType)
        {
            return Parts(type.GetElementType());
        }
        return type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Append(type.GetGenericTypeDefinition()) : [type];
    }
}
