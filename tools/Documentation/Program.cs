using ChartFactory;
using Documentation;

const string Usage = """
    Writes the files of this repository that are made from others.

      dotnet run -c Release --project tools/Documentation -- WHAT

      icon        build/icon.png, the picture of the packages
    """;

string root = RepositoryFolder.Find();
switch (args)
{
    case ["icon"]:
        File.WriteAllBytes(Path.Combine(root, "build", "icon.png"), PngFile.Encode(PackageIcon.Size, PackageIcon.Size, PackageIcon.Paint()));
        return 0;
    default:
        Console.Error.WriteLine(Usage);
        return 2;
}
