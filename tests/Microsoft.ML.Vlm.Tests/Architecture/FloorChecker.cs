using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Microsoft.ML.Vlm.Tests.Architecture;

/// <summary>Reads a compiled assembly and finds the types that use a type of a higher floor: in base types, signatures, attributes or method bodies.</summary>
internal static class FloorChecker
{
    /// <summary>The forbidden uses, each as <c>Type -&gt; Type</c>, in order. Nested and generated types count as the type around them.</summary>
    public static string[] FindArrowsUp(ModuleDefinition module, FloorMap floors)
    {
        SortedSet<string> arrows = new(StringComparer.Ordinal);
        foreach (TypeDefinition type in module.Types)
        {
            if (floors.FloorOf(type.Namespace, type.Name) is not { } floor)
            {
                continue;
            }
            foreach (TypeDefinition used in UsedTypes(module, type))
            {
                if (floors.FloorOf(used.Namespace, used.Name) > floor)
                {
                    arrows.Add($"{type.FullName} -> {used.FullName}");
                }
            }
        }
        return [.. arrows];
    }

    private static HashSet<TypeDefinition> UsedTypes(ModuleDefinition module, TypeDefinition type)
    {
        HashSet<TypeDefinition> used = [];
        CollectType(type);
        used.Remove(type);
        return used;

        void CollectType(TypeDefinition definition)
        {
            Add(definition.BaseType);
            AddAttributes(definition.CustomAttributes);
            AddConstraints(definition.GenericParameters);
            foreach (InterfaceImplementation implemented in definition.Interfaces)
            {
                Add(implemented.InterfaceType);
            }
            foreach (FieldDefinition field in definition.Fields)
            {
                Add(field.FieldType);
                AddAttributes(field.CustomAttributes);
            }
            foreach (PropertyDefinition property in definition.Properties)
            {
                AddAttributes(property.CustomAttributes);
            }
            foreach (MethodDefinition method in definition.Methods)
            {
                CollectMethod(method);
            }
            foreach (TypeDefinition nested in definition.NestedTypes)
            {
                CollectType(nested);
            }
        }

        void CollectMethod(MethodDefinition method)
        {
            AddMethod(method);
            AddAttributes(method.CustomAttributes);
            AddConstraints(method.GenericParameters);
            foreach (ParameterDefinition parameter in method.Parameters)
            {
                AddAttributes(parameter.CustomAttributes);
            }
            if (!method.HasBody)
            {
                return;
            }
            foreach (VariableDefinition variable in method.Body.Variables)
            {
                Add(variable.VariableType);
            }
            foreach (ExceptionHandler handler in method.Body.ExceptionHandlers)
            {
                Add(handler.CatchType);
            }
            foreach (Instruction instruction in method.Body.Instructions)
            {
                switch (instruction.Operand)
                {
                    case TypeReference operand:
                        Add(operand);
                        break;
                    case FieldReference operand:
                        Add(operand.DeclaringType);
                        Add(operand.FieldType);
                        break;
                    case MethodReference operand:
                        AddMethod(operand);
                        break;
                }
            }
        }

        void AddMethod(MethodReference method)
        {
            Add(method.DeclaringType);
            Add(method.ReturnType);
            foreach (ParameterDefinition parameter in method.Parameters)
            {
                Add(parameter.ParameterType);
            }
            if (method is GenericInstanceMethod generic)
            {
                foreach (TypeReference argument in generic.GenericArguments)
                {
                    Add(argument);
                }
            }
        }

        void AddAttributes(IEnumerable<CustomAttribute> attributes)
        {
            foreach (CustomAttribute attribute in attributes)
            {
                AddMethod(attribute.Constructor);
                foreach (CustomAttributeArgument argument in attribute.ConstructorArguments.Concat(attribute.Properties.Select(static property => property.Argument)))
                {
                    Add(argument.Type);
                    Add(argument.Value as TypeReference);
                }
            }
        }

        void AddConstraints(IEnumerable<GenericParameter> parameters)
        {
            foreach (GenericParameterConstraint constraint in parameters.SelectMany(static parameter => parameter.Constraints))
            {
                Add(constraint.ConstraintType);
            }
        }

        void Add(TypeReference? reference)
        {
            if (reference is GenericInstanceType instance)
            {
                foreach (TypeReference argument in instance.GenericArguments)
                {
                    Add(argument);
                }
            }
            if (reference is TypeSpecification specification)
            {
                Add(specification.ElementType);
                return;
            }
            while (reference?.DeclaringType is { } outer)
            {
                reference = outer;
            }
            if (reference is not null and not GenericParameter && module.GetType(reference.FullName) is { } definition)
            {
                used.Add(definition);
            }
        }
    }
}
