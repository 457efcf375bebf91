using System.Diagnostics;
using System.Runtime.InteropServices;
using Documentation;

namespace Docs.Tests;

/// <summary>The packages of this repository in a folder, packed once for all tests.</summary>
public sealed class PackedPackages : IDisposable
{
    private readonly string _feed;

    public PackedPackages()
    {
        _feed = Path.Combine(Folder, "feed");
        // As the tests themselves were built.
        string configuration = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";
        foreach (string name in (string[])["Microsoft.ML.Vlm", "Microsoft.ML.Vlm.Dpo", "Microsoft.ML.Vlm.Cli"])
        {
            Run(RepositoryFolder.Find(), "pack", Path.Combine("src", name), "--no-build", "--no-restore", "-c", configuration, "-o", _feed, "--disable-build-servers");
        }
    }

    /// <summary>Where packages, and projects that use them, lie.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("packages-").FullName;

    /// <summary>Their version.</summary>
    public string Version => Path.GetFileNameWithoutExtension(Find("Microsoft.ML.Vlm", "nupkg"))["Microsoft.ML.Vlm.".Length..];

    /// <summary>The file of a package.</summary>
    public string Find(string name, string extension) => Directory.GetFiles(_feed, $"{name}.*.{extension}").Single(file => char.IsAsciiDigit(Path.GetFileName(file)[name.Length + 1]));

    /// <summary>Lets projects in a folder take our packages from here, and all others from where this machine has them.</summary>
    public void WriteSources(string folder)
    {
        // Packages of this version are new with every build, so they go into a folder of their own and never into the machine's cache, which is read besides.
        string cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="local" value="{_feed}" />
              </packageSources>
              <fallbackPackageFolders>
                <add key="machine" value="{cache}" />
              </fallbackPackageFolders>
            </configuration>
            """);
        File.WriteAllText(Path.Combine(folder, "Directory.Build.props"), $"""
            <Project>
              <PropertyGroup>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <RestorePackagesPath>{Path.Combine(folder, "packages")}</RestorePackagesPath>
                <CreateSymbolicLinksForCopyLocalIfPossible>true</CreateSymbolicLinksForCopyLocalIfPossible>
              </PropertyGroup>
            </Project>
            """);
    }

    /// <summary>Runs <c>dotnet</c>.</summary>
    /// <returns>What it printed; a test that fails shows it.</returns>
    public static string Run(string folder, params string[] arguments) => Start("dotnet", folder, arguments);

    /// <summary>Runs a program.</summary>
    /// <returns>What it printed; a test that fails shows it.</returns>
    public static string Start(string program, string folder, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        // Servers that stay behind would hold the pipes open.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        // Tools look for the runtime by themselves; it is the one that the tests run on.
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string printed = process.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, printed);
        return printed;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
