using ChartFactory;
using Documentation;

const string Usage = """
    Writes the files of this repository that are made from others.

      dotnet run -c Release --project tools/Documentation -- WHAT

      icon        build/icon.png, the picture of the packages
      options     docs/options.md, the reference of options, from the doc comments
      notebooks [NAME ...]
                  samples/notebooks, from samples/scripts: runs them, which takes a few minutes; NAME such as first-fine-tune for some of them
    """;

string root = RepositoryFolder.Find();
switch (args)
{
    case ["icon"]:
        File.WriteAllBytes(Path.Combine(root, "build", "icon.png"), PngFile.Encode(PackageIcon.Size, PackageIcon.Size, PackageIcon.Paint()));
        return 0;
    case ["options"]:
        File.WriteAllText(Path.Combine(root, "docs", "options.md"), OptionsReference.Write());
        return 0;
    case ["notebooks", .. var names]:
        foreach (string name in names is [] ? SampleNotebooks.Names : names)
        {
            Console.WriteLine(SampleNotebooks.File(name));
            await SampleNotebooks.WriteAsync(name);
        }
        return 0;
    default:
        Console.Error.WriteLine(Usage);
        return 2;
}
