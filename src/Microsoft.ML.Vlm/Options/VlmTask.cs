namespace Microsoft.ML.Vlm;

/// <summary>What a benchmark is: which columns it has, how its questions are put, how its answers are scored and which groups are reported apart.</summary>
public sealed record VlmTask
{
    private static readonly string[] s_documentColumns = ["docId", "ucsf_document_id", "ucsf_document_page_no", "question_types"];

    /// <summary>Its name, for <see cref="Find"/> and for reports.</summary>
    public required string Name { get; init; }

    /// <summary>How answers are compared with the right ones. Default <see cref="VlmMetric.RelaxedAccuracy"/>.</summary>
    public VlmMetric Metric { get; init; } = VlmMetric.RelaxedAccuracy;

    /// <summary>Metrics that are reported besides. Default none.</summary>
    public IReadOnlyList<VlmMetric> FurtherMetrics { get; init; } = [];

    /// <summary>Columns with the right answers, texts or vectors of texts; the first that the data has. Default <c>Label</c>.</summary>
    public IReadOnlyList<string> LabelColumnNames { get; init; } = ["Label"];

    /// <summary>Columns with the options of multiple-choice questions, the first that the data has: vectors of texts, or a text with a JSON array. Default none.</summary>
    public IReadOnlyList<string> ChoicesColumnNames { get; init; } = [];

    /// <summary>What labels of multiple-choice questions are. Default <see cref="VlmChoiceForm.Automatic"/>.</summary>
    public VlmChoiceForm ChoiceForm { get; init; }

    /// <summary>Column by which rows are reported apart, when the data has it; null, the default, for none.</summary>
    public string? GroupColumnName { get; init; }

    /// <summary>What values of that column are called; others go by themselves. Default none.</summary>
    public IReadOnlyDictionary<string, string> GroupNames { get; init; } = new Dictionary<string, string>();

    /// <summary>What is put behind each question. Default nothing.</summary>
    public string PromptSuffix { get; init; } = "";

    /// <summary>Most tokens of an answer; null, the default, leaves that to the model's options.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>
    /// ChartQA (Masry et al. 2022): relaxed accuracy, questions by people (<c>human</c>) and generated ones (<c>augmented</c>) apart; suffix and 16 tokens as lmms-eval has them.
    /// </summary>
    public static VlmTask ChartQa { get; } = new()
    {
        Name = "ChartQA",
        FurtherMetrics = [VlmMetric.ExactMatch],
        GroupColumnName = "human_or_machine",
        GroupNames = new Dictionary<string, string> { ["0"] = "human", ["1"] = "augmented", ["machine"] = "augmented" },
        PromptSuffix = "\nAnswer the question with a single word.",
        MaxNewTokens = 16,
    };

    /// <summary>DocVQA and sets of its shape (Mathew et al. 2021): ANLS over all right answers; suffix and 32 tokens as lmms-eval has them.</summary>
    public static VlmTask DocVqa { get; } = new()
    {
        Name = "DocVQA",
        Metric = VlmMetric.Anls,
        FurtherMetrics = [VlmMetric.NormalizedExactMatch],
        LabelColumnNames = ["answers", "Label"],
        PromptSuffix = "\nAnswer the question using a single word or phrase.",
        MaxNewTokens = 32,
    };

    /// <summary>
    /// AI2D and sets of its shape (Kembhavi et al. 2016): questions with options, which are listed behind the question as <c>A. ...</c>; the label is the number of the right one, counted
    /// from 0; suffix and 16 tokens as lmms-eval has them.
    /// </summary>
    public static VlmTask Ai2d { get; } = new()
    {
        Name = "AI2D",
        Metric = VlmMetric.MultipleChoice,
        ChoicesColumnNames = ["options", "choices"],
        ChoiceForm = VlmChoiceForm.Index,
        PromptSuffix = "\nAnswer with the option's letter from the given choices directly.",
        MaxNewTokens = 16,
    };

    /// <summary>Multiple choice whose labels are letters, numbers or texts of the options; otherwise as <see cref="Ai2d"/>.</summary>
    public static VlmTask MultipleChoice { get; } = Ai2d with { Name = "multiple choice", ChoiceForm = VlmChoiceForm.Automatic };

    /// <summary>VQAv2, TextVQA and sets of their shape (Antol et al. 2015): agreement with the answers of about ten people; suffix and 16 tokens as lmms-eval has them.</summary>
    public static VlmTask Vqa { get; } = new()
    {
        Name = "VQA",
        Metric = VlmMetric.VqaAccuracy,
        LabelColumnNames = ["answers", "Label"],
        PromptSuffix = "\nAnswer the question using a single word or phrase.",
        MaxNewTokens = 16,
    };

    /// <summary>Captions (COCO, Flickr30k): CIDEr-D, and ROUGE-L besides.</summary>
    public static VlmTask Captioning { get; } = new()
    {
        Name = "captioning",
        Metric = VlmMetric.Cider,
        FurtherMetrics = [VlmMetric.RougeL],
        LabelColumnNames = ["captions", "caption", "answers", "Label"],
        MaxNewTokens = 64,
    };

    /// <summary>The tasks that have names.</summary>
    public static IReadOnlyList<VlmTask> All { get; } = [ChartQa, DocVqa, Ai2d, MultipleChoice, Vqa, Captioning];

    /// <summary>What data is taken for that is not recognized: a question and a label.</summary>
    internal static VlmTask General { get; } = new() { Name = "questions" };

    /// <summary>A task by its name, without regard to case.</summary>
    /// <param name="name">Such as <c>ChartQA</c>.</param>
    /// <exception cref="ArgumentException">There is none; lists those that there are.</exception>
    public static VlmTask Find(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return All.FirstOrDefault(task => task.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException($"There is no task '{name}'.{NearestName.Hint(name, [.. All.Select(task => task.Name)])}", nameof(name));
    }

    /// <summary>The task that data is of, by the columns that only it has; null when there is none.</summary>
    /// <param name="columns">Names of the data's columns.</param>
    /// <param name="lists">Those that hold several texts a row.</param>
    internal static VlmTask? Recognize(IReadOnlyCollection<string> columns, IReadOnlyCollection<string> lists)
        => columns.Contains(ChartQa.GroupColumnName) ? ChartQa
            : Ai2d.ChoicesColumnNames.Any(columns.Contains) ? MultipleChoice
            : !lists.Contains("answers") ? null
            : s_documentColumns.Any(columns.Contains) ? DocVqa : Vqa;
}
