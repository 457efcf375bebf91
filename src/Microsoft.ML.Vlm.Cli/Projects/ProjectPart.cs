using System.Reflection;

namespace Microsoft.ML.Vlm.Cli.Projects;

/// <summary><c>Name.csproj</c>: the packages of this version, and the native library of the platform.</summary>
internal static class ProjectPart
{
    /// <summary>Version of the packages with libtorch, that of TorchSharp's.</summary>
    public const string LibtorchVersion = "2.10.0";

    /// <summary>Version of TorchSharp's packages with CUDA.</summary>
    public const string CudaVersion = "0.107.0";

    /// <summary>Version of this library's packages.</summary>
    public static string Version { get; } = typeof(VlmModelOptions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Writes it.</summary>
    public static string Write(ProjectPlan plan) => $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <RootNamespace>{plan.Namespace}</RootNamespace>
            <Nullable>enable</Nullable>
            <ImplicitUsings>enable</ImplicitUsings>
            <!-- Paths in the code count from here, wherever 'dotnet run' is typed. -->
            <RunWorkingDirectory>$(MSBuildProjectDirectory)</RunWorkingDirectory>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="Microsoft.ML.Vlm" Version="{Version}" />
        {(plan.NeedsPreferencePackage ? $"    <PackageReference Include=\"Microsoft.ML.Vlm.Dpo\" Version=\"{Version}\" />\n" : "")}{Libtorch(plan)}  </ItemGroup>
        </Project>

        """.Replace("\r\n", "\n", StringComparison.Ordinal);

    private static string Libtorch(ProjectPlan plan) => plan.Options.Device?.StartsWith("cuda", StringComparison.OrdinalIgnoreCase) == true
        ? $"""
                <!-- The native library, for NVIDIA's GPUs. -->
                <PackageReference Include="TorchSharp-cuda-linux" Version="{CudaVersion}" Condition="$([MSBuild]::IsOSPlatform('Linux'))" />
                <PackageReference Include="TorchSharp-cuda-windows" Version="{CudaVersion}" Condition="$([MSBuild]::IsOSPlatform('Windows'))" />

            """
        : $"""
                <!-- The native library, for the processor. For an NVIDIA GPU take TorchSharp-cuda-linux or TorchSharp-cuda-windows, {CudaVersion}, instead. -->
                <PackageReference Include="libtorch-cpu-linux-x64" Version="{LibtorchVersion}" Condition="$([MSBuild]::IsOSPlatform('Linux'))" />
                <PackageReference Include="libtorch-cpu-win-x64" Version="{LibtorchVersion}" Condition="$([MSBuild]::IsOSPlatform('Windows'))" />
                <PackageReference Include="libtorch-cpu-osx-arm64" Version="{LibtorchVersion}" Condition="$([MSBuild]::IsOSPlatform('OSX'))" />

            """;
}
