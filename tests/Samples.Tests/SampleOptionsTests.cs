using Charts;
using Microsoft.ML.Vlm;

namespace Samples.Tests;

public sealed class SampleOptionsTests
{
    [Fact]
    public void Options_are_read()
    {
        SampleOptions options = SampleOptions.Parse(["--epochs", "2", "--seed", "7", "--learning-rate", "1e-3", "--limit", "30"])!;
        Assert.Equal((2, 7, 1e-3, 30), (options.Epochs, options.Seed, options.LearningRate, options.Limit));
    }

    [Theory]
    [InlineData("nf4", QuantizationType.Nf4)]
    [InlineData("fp4", QuantizationType.Fp4)]
    [InlineData("int8", QuantizationType.Int8)]
    public void The_base_model_may_be_quantized(string name, QuantizationType type) => Assert.Equal(type, SampleOptions.Parse(["--quant", name])!.Quantization!.Type);

    [Fact]
    public void A_checkpoint_of_the_users_own_gets_a_gentler_learning_rate_unless_one_is_given()
    {
        string folder = AppContext.BaseDirectory;
        Assert.Equal(2e-4, SampleOptions.Parse(["--model", folder])!.LearningRate);
        Assert.Equal(1e-5, SampleOptions.Parse(["--learning-rate", "1e-5", "--model", folder])!.LearningRate);
    }

    [Fact]
    public void Help_is_asked_for() => Assert.Null(SampleOptions.Parse(["--epochs", "--help"]));

    [Theory]
    [InlineData("'--epoch' is not an option", "--epoch", "3")]
    [InlineData("'--epochs' needs a value", "--epochs")]
    [InlineData("--epochs needs a whole number of at least 1, not '0'", "--epochs", "0")]
    [InlineData("--pairs needs a whole number of at least 0, not '-1'", "--pairs", "-1")]
    [InlineData("--limit needs a whole number of at least 1, not '1.5'", "--limit", "1.5")]
    [InlineData("--learning-rate needs a number above 0", "--learning-rate", "NaN")]
    [InlineData("--quant needs nf4, fp4 or int8, not 'q4'", "--quant", "q4")]
    [InlineData("does not exist", "--data", "no/such/folder")]
    [InlineData("does not exist", "--model", "no/such/folder")]
    public void A_wrong_argument_is_answered_with_what_would_be_right(string message, params string[] arguments)
        => Assert.Contains(message, Assert.Throws<SampleException>(() => SampleOptions.Parse(arguments)).Message);
}
