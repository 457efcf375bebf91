using System.Text.Json.Nodes;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Cli.Settings;

namespace Microsoft.ML.Vlm.Cli.Commands;

/// <summary><c>vlm generate</c>: one answer.</summary>
internal static class GenerateCommand
{
    /// <summary>The command's options.</summary>
    public static OptionTable Table { get; } = new(typeof(VlmScoringEstimator.Options), typeof(ModelFlags), typeof(AskFlags));

    /// <summary>The command.</summary>
    public static ToolCommand Create(ToolConsole console)
    {
        ToolCommand command = new("generate", "Answers a question about images, as the answer is made.");
        System.CommandLine.Option<bool> json = new("--json") { Description = "Writes the question and the whole answer as JSON." };
        command.Options.Add(json);
        CommandOptions flags = new(command, Table);
        command.SetAction(parse => Run(console, flags.Resolve(parse, console.Variable), parse.GetValue(json)));
        return command;
    }

    private static int Run(ToolConsole console, ResolvedSettings settings, bool isJson)
    {
        AskFlags ask = settings.Create<AskFlags>();
        if (ask.Prompt is null && console.IsInteractive)
        {
            throw new UsageException("prompt is missing: --prompt \"What is shown?\", or a text on the standard input. 'vlm chat' asks for one after the other.");
        }
        VlmScoringEstimator.Options options = AppliedModel.Options(settings, console);
        string prompt = ask.Prompt ?? console.Input.ReadToEnd().Trim();
        List<MLImage> images = [];
        try
        {
            foreach (string path in ask.Image)
            {
                images.Add(ImageFile.Open(path));
            }
            using VlmTransformer model = AppliedModel.Load(options, console);
            string answer = AnswerDisplay.Stream(model.StreamAsync(prompt, images, token: console.Token), isJson ? TextWriter.Null : console.Output);
            if (isJson)
            {
                console.Output.WriteLine(ToolJson.Write(new JsonObject { ["prompt"] = prompt, ["images"] = new JsonArray([.. ask.Image.Select(path => JsonValue.Create(path))]), ["response"] = answer }));
            }
            return ExitCode.Success;
        }
        finally
        {
            images.ForEach(image => image.Dispose());
        }
    }
}
