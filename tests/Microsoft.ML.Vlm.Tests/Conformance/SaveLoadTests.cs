using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Components;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class SaveLoadTests : IDisposable
{
    private static readonly string s_program = AppContext.BaseDirectory.Replace("Microsoft.ML.Vlm.Tests", "LoadInFreshProcess", StringComparison.Ordinal);

    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(6);

    private string Zip => _data.Path("model.zip");

    [Fact]
    public void A_chain_comes_back_in_a_fresh_context_and_answers_the_same()
    {
        using var model = Fit(VlmOptions.Quick());
        ColorData.Answer[] expected = model.Answers(_ml, _data.Load(_ml));
        _ml.Model.Save(model, _data.Load(_ml).Schema, Zip);

        MLContext fresh = new();
        ITransformer loaded = fresh.Model.Load(Zip, out DataViewSchema schema);
        using VlmTransformer transformer = loaded.FindVlm();

        Assert.Equal(["ImagePath", "Prompt", "Label", "Number"], schema.Select(column => column.Name));
        VlmOptions.AssertSame(expected, loaded.Answers(fresh, _data.Load(fresh)));
        Assert.Equal(model.FindVlm().Generation.MaxNewTokens, transformer.Generation.MaxNewTokens);
        Assert.Equal(["Image", "Prompt"], transformer.InputColumnNames);
    }

    [Fact]
    public void A_bare_transformer_comes_back_as_itself_and_the_zip_is_readable()
    {
        IDataView data = _data.LoadWithImages(_ml);
        using VlmTransformer model = _ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(data);
        _ml.Model.Save(model, null, Zip);

        using var loaded = (VlmTransformer)new MLContext().Model.Load(Zip, out _);

        VlmOptions.AssertSame(model.Answers(_ml, data), loaded.Answers(_ml, data));
        using ZipArchive zip = ZipFile.OpenRead(Zip);
        string[] names = [.. zip.Entries.Select(entry => entry.Name)];
        Assert.Contains("vlm.json", names);
        Assert.Contains("adapter_config.json", names);
        Assert.Contains("adapter_model.safetensors", names);
        Assert.DoesNotContain("base-model.safetensors", names);
    }

    [Fact]
    public void A_transformer_without_training_is_saved_and_loaded_too()
    {
        IDataView data = _data.LoadWithImages(_ml);
        using VlmTransformer model = _ml.Transforms.ApplyVlm(TinyVlm.Folder, generation: new() { MaxNewTokens = 5 }).Fit(data);
        _ml.Model.Save(model, null, Zip);

        using var loaded = (VlmTransformer)new MLContext().Model.Load(Zip, out _);

        VlmOptions.AssertSame(model.Answers(_ml, data), loaded.Answers(_ml, data));
    }

    [Fact]
    public void An_embedded_base_needs_nothing_beside_the_zip()
    {
        string folder = TinyVlm.Write(_data.Path("base"), seed: 11);
        ColorData.Answer[] expected;
        using (var model = Fit(VlmOptions.Quick(o => (o.ModelPath, o.EmbedBaseModel) = (folder, true))))
        {
            expected = model.Answers(_ml, _data.Load(_ml));
            _ml.Model.Save(model, null, Zip);
        }
        Directory.Delete(folder, recursive: true);

        ITransformer loaded = new MLContext().Model.Load(Zip, out _);
        using VlmTransformer transformer = loaded.FindVlm();
        string unpacked = transformer.Engine.Folder.Path;

        VlmOptions.AssertSame(expected, loaded.Answers(_ml, _data.Load(_ml)));
        Assert.StartsWith(EmbeddedModel.CacheFolder(), unpacked, StringComparison.Ordinal);
        transformer.Dispose();
        Directory.Delete(unpacked, recursive: true);
    }

    [Fact]
    public void Full_fine_tuning_is_saved_with_all_its_weights()
    {
        string output = _data.Path("trained");
        using var model = Fit(VlmOptions.Quick(o => (o.Lora, o.OutputDirectory) = (null, output)));
        ColorData.Answer[] expected = model.Answers(_ml, _data.Load(_ml));
        _ml.Model.Save(model, null, Zip);

        ITransformer loaded = new MLContext().Model.Load(Zip, out _);
        VlmTransformer transformer = loaded.FindVlm();
        VlmOptions.AssertSame(expected, loaded.Answers(_ml, _data.Load(_ml)));
        string unpacked = transformer.Engine.Folder.Path;
        transformer.Dispose();
        Directory.Delete(unpacked, recursive: true);

        using VlmTransformer fromFolder = _ml.Transforms.ApplyVlm(VlmOptions.Applied(output)).Fit(_data.LoadWithImages(_ml));
        VlmOptions.AssertSame(expected, fromFolder.Answers(_ml, _data.LoadWithImages(_ml)));
        Assert.Contains("SaveModel", Assert.Throws<InvalidOperationException>(() => model.FindVlm().SaveAdapter(output)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_folder_gives_the_same_answers_on_the_base()
    {
        string adapter = _data.Path("adapter");
        IDataView data = _data.LoadWithImages(_ml);
        using VlmTransformer model = _ml.Transforms.VlmSft(VlmOptions.Quick(o => o.OutputDirectory = adapter)).Fit(data);

        using VlmTransformer applied = _ml.Transforms.ApplyVlm(VlmOptions.Applied(adapter: adapter)).Fit(data);

        Assert.True(File.Exists(Path.Combine(adapter, "adapter_model.safetensors")));
        VlmOptions.AssertSame(model.Answers(_ml, data), applied.Answers(_ml, data));
        using VlmTransformer untouched = _ml.Transforms.ApplyVlm(VlmOptions.Applied()).Fit(data);
        Assert.NotEqual(model.Answers(_ml, data)[0].Score, untouched.Answers(_ml, data)[0].Score);
        Assert.Throws<InvalidOperationException>(() => model.SaveModel(_data.Path("nothing")));
    }

    [Fact]
    public async Task Another_process_loads_the_zip_with_plain_MLNet_calls()
    {
        using var model = Fit(VlmOptions.Quick());
        IDataView unlabelled = _ml.Transforms.DropColumns("Label").Fit(_data.Load(_ml)).Transform(_data.Load(_ml));
        ColorData.Answer[] expected = model.Answers(_ml, unlabelled);
        _ml.Model.Save(model, null, Zip);

        (int exitCode, string output, string errors) = await Run(s_program, _data.Rows.SelectMany(row => (string[])[_data.Path(row.ImagePath), row.Prompt]));

        Assert.True(exitCode == 0, errors);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(expected.Select(answer => Uri.EscapeDataString(answer.Response)), lines.Select(line => line.Split(' ').ElementAtOrDefault(1) ?? ""));
        Assert.All(expected.Zip(lines), pair => Assert.Equal(pair.First.Score, float.Parse(pair.Second.Split(' ')[0], CultureInfo.InvariantCulture), 1e-4));
    }

    [Fact]
    public void A_missing_base_lists_the_places_and_a_moved_one_is_found_through_the_environment()
    {
        string folder = TinyVlm.Write(_data.Path("base"), seed: 12);
        ColorData.Answer[] expected;
        using (var model = Fit(VlmOptions.Quick(o => o.ModelPath = folder)))
        {
            expected = model.Answers(_ml, _data.Load(_ml));
            _ml.Model.Save(model, null, Zip);
        }
        Directory.CreateDirectory(_data.Path("elsewhere"));
        Directory.Move(folder, _data.Path("elsewhere/base"));

        string message = VlmOptions.LoadError(Zip).Message;
        Assert.Contains(folder, message, StringComparison.Ordinal);
        Assert.Contains(BaseModelReference.SearchVariable, message, StringComparison.Ordinal);

        Environment.SetEnvironmentVariable(BaseModelReference.SearchVariable, _data.Path("elsewhere"));
        try
        {
            ITransformer loaded = new MLContext().Model.Load(Zip, out _);
            using VlmTransformer transformer = loaded.FindVlm();
            VlmOptions.AssertSame(expected, loaded.Answers(_ml, _data.Load(_ml)));
        }
        finally
        {
            Environment.SetEnvironmentVariable(BaseModelReference.SearchVariable, null);
        }
    }

    [Fact]
    public void Another_base_at_the_same_path_is_refused()
    {
        string folder = TinyVlm.Write(_data.Path("base"), seed: 13);
        using (var model = Fit(VlmOptions.Quick(o => o.ModelPath = folder)))
        {
            _ml.Model.Save(model, null, Zip);
        }
        TinyVlm.Write(folder, seed: 14);

        Exception error = VlmOptions.LoadError(Zip);

        Assert.IsType<InvalidDataException>(error);
        Assert.Contains("model.safetensors", error.Message, StringComparison.Ordinal);
        Assert.Contains("is not the file this transformer was trained on", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_libtorch_the_error_names_the_package_to_add()
    {
        using (var model = Fit(VlmOptions.Quick()))
        {
            _ml.Model.Save(model, null, Zip);
        }
        string program = Directory.CreateDirectory(_data.Path("program")).FullName;
        foreach (string file in Directory.EnumerateFiles(s_program).Where(file => Path.GetExtension(file) is ".dll" or ".json"))
        {
            File.Copy(file, Path.Combine(program, Path.GetFileName(file)));
        }

        (int exitCode, _, string errors) = await Run(program, []);

        Assert.NotEqual(0, exitCode);
        Assert.Contains("libtorch could not be loaded. Add the package 'libtorch-cpu-", errors, StringComparison.Ordinal);
    }

    public void Dispose() => _data.Dispose();

    private async Task<(int ExitCode, string Output, string Errors)> Run(string program, IEnumerable<string> questions)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in questions.Prepend(Zip).Prepend(Path.Combine(program, "LoadInFreshProcess.dll")))
        {
            start.ArgumentList.Add(argument);
        }
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await errors);
    }

    private TransformerChain<VlmTransformer> Fit(VlmSftEstimator.Options options) => _data.Images(_ml).Append(_ml.Transforms.VlmSft(options)).Fit(_data.Load(_ml));
}
