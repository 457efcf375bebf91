using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Cli.Settings;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Cli.Commands;

/// <summary><c>vlm chat</c>: questions and answers, one after the other. A line is a question; <c>/image file</c> adds an image to the next one.</summary>
internal static class ChatCommand
{
    private const string Help = "/image FILE adds an image to your next question, /new begins anew, /exit ends.";

    /// <summary>The command's options.</summary>
    public static OptionTable Table { get; } = new(typeof(VlmScoringEstimator.Options), typeof(ModelFlags));

    /// <summary>The command.</summary>
    public static ToolCommand Create(ToolConsole console)
    {
        ToolCommand command = new("chat", $"Talks with a model about images. {Help} Questions may come from a pipe, one a line.");
        CommandOptions flags = new(command, Table);
        command.SetAction(parse =>
        {
            VlmScoringEstimator.Options options = AppliedModel.Options(flags.Resolve(parse, console.Variable), console);
            using VlmTransformer model = AppliedModel.Load(options, console);
            Talk(console, model);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Talk(ToolConsole console, VlmTransformer model)
    {
        List<VlmMessage> turns = [];
        List<PixelImage> images = [];
        int waiting = 0;
        if (console.IsInteractive)
        {
            console.Note(Help);
        }
        while (Ask(console) is { } line)
        {
            console.Token.ThrowIfCancellationRequested();
            string[] words = line.Trim().Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            switch (words)
            {
                case []:
                    break;
                case ["/exit" or "/quit"]:
                    return;
                case ["/new"]:
                    (turns, images, waiting) = ([], [], 0);
                    break;
                case ["/image", var path]:
                    waiting += Add(console, images, path);
                    break;
                case [['/', ..] unknown, ..]:
                    console.Error.WriteLine($"'{unknown}' is no command. {Help}");
                    break;
                default:
                    turns.Add(MessageBuilder.FromPrompt(line.Trim(), waiting, "question", turns.Count / 2));
                    waiting = 0;
                    VlmExample question = new() { Prompt = [.. turns], Images = [.. images], PromptColumnName = "question", IsConversation = turns.Count > 1 };
                    string answer = AnswerDisplay.Stream(model.Engine.StreamAsync(question, model.Generation, console.Token), console.Output);
                    turns.Add(VlmMessage.FromText("assistant", answer));
                    break;
            }
        }
    }

    private static string? Ask(ToolConsole console)
    {
        if (console.IsInteractive)
        {
            console.Error.Write("> ");
        }
        return console.Input.ReadLine();
    }

    private static int Add(ToolConsole console, List<PixelImage> images, string path)
    {
        try
        {
            using MLImage image = ImageFile.Open(path);
            images.Add(ImageDecoder.FromMLImage(image));
            return 1;
        }
        catch (Exception error) when (console.IsInteractive && error is IOException or InvalidDataException)
        {
            console.Error.WriteLine(error.Message);
            return 0;
        }
    }
}
