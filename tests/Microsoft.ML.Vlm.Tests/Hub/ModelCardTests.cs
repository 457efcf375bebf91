using Microsoft.ML.Vlm.Evaluation;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm.Tests.Hub;

/// <summary>The card is a function of what is known.</summary>
public class ModelCardTests
{
    [Fact]
    public void An_adapter_names_base_model_data_and_numbers()
    {
        string card = ModelCard.Format(new ModelCardContent
        {
            Repository = "me/charts",
            BaseModel = "org/base",
            IsAdapter = true,
            Method = "sft",
            Version = "1.2.3",
            License = "apache-2.0",
            Tags = ["charts", "lora"],
            Datasets = ["HuggingFaceM4/ChartQA"],
            Metrics = new Dictionary<string, double> { ["relaxed_accuracy"] = 0.51234567, ["eval loss"] = 1.5 },
        });

        Assert.StartsWith(
            """
            ---
            base_model: org/base
            license: apache-2.0
            library_name: peft
            pipeline_tag: image-text-to-text
            tags:
            - microsoft-ml-vlm
            - lora
            - sft
            - base_model:adapter:org/base
            - charts
            datasets:
            - HuggingFaceM4/ChartQA
            metrics:
            - eval loss
            - relaxed_accuracy
            model-index:
            - name: me/charts
              results:
              - task:
                  type: image-text-to-text
                dataset:
                  name: HuggingFaceM4/ChartQA
                  type: HuggingFaceM4/ChartQA
                metrics:
                - type: eval loss
                  value: 1.5
                - type: relaxed_accuracy
                  value: 0.5123
            ---

            # charts

            An adapter (LoRA, PEFT's format) of [org/base](https://huggingface.co/org/base), trained by supervised fine-tuning with
            """.ReplaceLineEndings("\n"), card, StringComparison.Ordinal);
        Assert.Contains("ml.Transforms.ApplyVlm(modelPath: \"org/base\", adapterPath: \"me/charts\")", card, StringComparison.Ordinal);
        Assert.Contains("PeftModel.from_pretrained(", card, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluations_are_written_with_their_data_sets_groups_and_intervals()
    {
        VlmEvaluationReport report = new EvaluationScoring(new VlmEvaluationOptions { Metric = VlmMetric.RelaxedAccuracy, FurtherMetrics = [] }, VlmTask.ChartQa).Score(
            [new(0, "", ["1"], "1") { Group = "human" }, new(1, "", ["2"], "2") { Group = "augmented" }]);
        string card = ModelCard.Format(new ModelCardContent { Repository = "me/charts", IsAdapter = true, Version = "1", Results = [report.ToCardResult("HuggingFaceM4/ChartQA", "test"), report.ToCardResult()] });

        Assert.Contains(
            """
            metrics:
            - relaxed_accuracy
            model-index:
            - name: me/charts
              results:
              - task:
                  type: image-text-to-text
                dataset:
                  name: HuggingFaceM4/ChartQA
                  type: HuggingFaceM4/ChartQA
                  split: test
                metrics:
                - type: relaxed_accuracy
                  value: 1
                - type: relaxed_accuracy
                  value: 1
                  name: "relaxed_accuracy (augmented)"
                - type: relaxed_accuracy
                  value: 1
                  name: "relaxed_accuracy (human)"
              - task:
                  type: image-text-to-text
                dataset:
                  name: ChartQA
                  type: ChartQA
                metrics:
            """.ReplaceLineEndings("\n"), card, StringComparison.Ordinal);
        Assert.Contains("## Measured on HuggingFaceM4/ChartQA, test\n\n| metric | value | |\n| --- | --- | --- |\n| relaxed_accuracy | 1 | 1 to 1 (95 %), 2 rows |\n", card, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_of_a_folder_claims_no_base()
    {
        string card = ModelCard.Format(new ModelCardContent { Repository = "me/charts", IsAdapter = false, Version = "1" });
        Assert.StartsWith("---\nlibrary_name: transformers\npipeline_tag: image-text-to-text\ntags:\n- microsoft-ml-vlm\n---\n\n# charts\n\nA model with ", card, StringComparison.Ordinal);
        Assert.DoesNotContain("base_model", card, StringComparison.Ordinal);
        Assert.DoesNotContain("Measured", card, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("org/name", "org/name")]
    [InlineData("apache-2.0", "apache-2.0")]
    [InlineData("base_model:adapter:org/name", "base_model:adapter:org/name")]
    [InlineData("1.5", "\"1.5\"")]
    [InlineData("true", "\"true\"")]
    [InlineData("No", "\"No\"")]
    [InlineData("a: b", "\"a: b\"")]
    [InlineData("a #b", "\"a #b\"")]
    [InlineData("- a", "\"- a\"")]
    [InlineData("", "\"\"")]
    [InlineData("two\nlines", "\"two\\nlines\"")]
    [InlineData("[a]", "\"[a]\"")]
    public void Texts_cannot_break_out_of_the_front_matter(string text, string expected) => Assert.Equal(expected, ModelCard.Scalar(text));
}
