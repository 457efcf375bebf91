namespace Microsoft.ML.Vlm.Cli.Projects;

/// <summary><c>Program.cs</c>: the project as a program, with a word for each of its parts.</summary>
internal static class ProgramPart
{
    /// <summary>Writes it.</summary>
    public static string Write(ProjectPlan plan) => $$""""
        // {{plan.Name}} answers questions{{(plan.ImageColumns.Count > 0 ? " about images" : "")}}. It was made by
        //   vlm {{string.Join(' ', plan.Words.Select(CSharpText.Word))}}
        // and is yours to change: {{plan.Name}}.training.cs says how it learns, {{plan.Name}}.consumption.cs how it is used{{(plan.CanEvaluate ? $", {plan.Name}.evaluate.cs how it is tested" : "")}}.
        using {{plan.Namespace}};

        const string Usage = """
              dotnet run -c Release -- train                       trains, and writes {{plan.Name}}.zip
        {{(plan.CanEvaluate ? $"      dotnet run -c Release -- evaluate                    tests it, and writes {plan.Name}.evaluation.html\n" : "")}}      dotnet run -c Release -- ask "QUESTION"{{(plan.ImageColumns.Count > 0 ? " [IMAGE ...]" : "            ")}}  answers a question
            """;

        switch (args)
        {
            case ["train"]:
                {{plan.Name}}.Train();
                Console.WriteLine($"model in {{{plan.Name}}.ModelFile}");
                return 0;
        {{(plan.CanEvaluate ? $"    case [\"evaluate\"]:\n        Console.WriteLine({plan.Name}.Evaluate());\n        return 0;\n" : "")}}    case ["ask", var question{{(plan.ImageColumns.Count > 0 ? ", .. var images" : "")}}]:
                Console.WriteLine({{plan.Name}}.Ask(question{{(plan.ImageColumns.Count > 0 ? ", images" : "")}}));
                return 0;
            default:
                Console.Error.WriteLine(Usage);
                return 2;
        }

        """".Replace("\r\n", "\n", StringComparison.Ordinal);
}
