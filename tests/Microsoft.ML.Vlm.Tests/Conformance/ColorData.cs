using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>Small images of one color with a question and an answer each, as files in a folder of their own.</summary>
internal sealed class ColorData : IDisposable
{
    private static readonly (string Name, byte Red, byte Green, byte Blue)[] s_colors =
        [("red", 200, 20, 20), ("green", 20, 200, 20), ("blue", 20, 20, 200), ("gray", 120, 120, 120)];

    /// <summary>Writes the images.</summary>
    /// <param name="count">Rows.</param>
    public ColorData(int count = 10)
    {
        for (int index = 0; index < count; index++)
        {
            var (name, red, green, blue) = s_colors[index % s_colors.Length];
            string path = $"{index}.png";
            using MLImage image = Image(red, green, (byte)(blue + index), 12 + index, 10);
            image.Save(System.IO.Path.Combine(Folder, path));
            Rows.Add(new Row { ImagePath = path, Prompt = $"which color {index}?", Label = name, Number = index });
        }
    }

    /// <summary>Folder with the images; tests may write other files into it.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("vlm-test-").FullName;

    /// <summary>The rows.</summary>
    public List<Row> Rows { get; } = [];

    /// <summary>A path in the folder.</summary>
    public string Path(string name) => System.IO.Path.Combine(Folder, name);

    /// <summary>The rows as data, without images.</summary>
    public IDataView Load(MLContext ml) => ml.Data.LoadFromEnumerable(Rows);

    /// <summary>The rows as data, with the column <c>Image</c>.</summary>
    public IDataView LoadWithImages(MLContext ml) => Images(ml).Fit(Load(ml)).Transform(Load(ml));

    /// <summary>Loads the column <c>Image</c>.</summary>
    public ImageLoadingEstimator Images(MLContext ml) => ml.Transforms.LoadImages("Image", Folder, nameof(Row.ImagePath));

    /// <summary>An image of one color.</summary>
    public static MLImage Image(byte red, byte green, byte blue, int width = 8, int height = 8)
    {
        byte[] samples = new byte[width * height * 4];
        for (int index = 0; index < samples.Length; index += 4)
        {
            (samples[index], samples[index + 1], samples[index + 2], samples[index + 3]) = (blue, green, red, 255);
        }
        return MLImage.CreateFromPixels(width, height, MLPixelFormat.Bgra32, samples);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    internal sealed class Row
    {
        public string ImagePath { get; set; } = "";

        public string Prompt { get; set; } = "";

        public string Label { get; set; } = "";

        public float Number { get; set; }
    }

    internal sealed class Answer
    {
        public string Response { get; set; } = "";

        public float Score { get; set; }
    }
}
