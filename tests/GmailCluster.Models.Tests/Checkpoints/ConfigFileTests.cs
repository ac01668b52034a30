using GmailCluster.Errors;
using GmailCluster.Golden;

namespace GmailCluster.Models.Checkpoints;

public sealed class ConfigFileTests
{
    private sealed record Shape
    {
        public required int HiddenSize { get; init; }

        public double LayerNormEps { get; init; } = 1e-5;
    }

    [Fact]
    public void Snake_case_is_read_and_unknown_fields_are_passed_over()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config.json"], """{"hidden_size": 8, "other": [1, {"a": null}]}""");

        Assert.Equal(new Shape { HiddenSize = 8 }, ConfigFile.Read<Shape>(folder["config.json"]));
    }

    [Theory]
    [InlineData("{\n \"hidden_size\": \"wide\"}", ":2", "hidden_size")]
    [InlineData("{\n \"hidden_size\": 8,}", ":2", "config.json")]
    [InlineData("{}", "", "hidden_size")]
    [InlineData("null", "", "null")]
    [InlineData("[]", ":1", "config.json")]
    public void A_wrong_file_is_refused_with_its_line_and_key(string text, string line, string part)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["config.json"], text);

        var error = Assert.Throws<InputException>(() => ConfigFile.Read<Shape>(folder["config.json"]));

        Assert.Contains("config.json" + line, error.Message, StringComparison.Ordinal);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        using var folder = new TemporaryFolder();
        ConfigFile.Write(folder["config.json"], new Shape { HiddenSize = 3, LayerNormEps = 1e-6 });

        Assert.Equal(new Shape { HiddenSize = 3, LayerNormEps = 1e-6 }, ConfigFile.Read<Shape>(folder["config.json"]));
    }
}
