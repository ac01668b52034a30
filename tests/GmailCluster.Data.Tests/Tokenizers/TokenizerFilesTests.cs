using System.Text;
using System.Text.Json.Nodes;
using GmailCluster.Golden;

namespace GmailCluster.Data.Tokenizers;

public sealed class TokenizerFilesTests
{
    [Theory]
    [InlineData("emoji-clip")]
    [InlineData("emoji-gpt2")]
    [InlineData("emoji-llama")]
    public void Carried_files_make_the_same_tokenizer(string name)
    {
        var source = GoldenFolder.Sample("emoji", name);
        using var folder = new TemporaryFolder();
        Assert.False(TokenizerFiles.AreIn(folder.Path));

        Write(folder, TokenizerFiles.Read(source));

        Assert.True(TokenizerFiles.AreIn(folder.Path));
        var (before, after) = (TokenizerFolder.Load(source), TokenizerFolder.Load(folder.Path));
        Assert.Equal(before.Special, after.Special);
        Assert.Equal(before.Encode("volcano, light skin tone"), after.Encode("volcano, light skin tone"));
    }

    [Fact]
    public void Another_maximum_length_changes_that_number_and_nothing_else()
    {
        var files = TokenizerFiles.Read(GoldenFolder.Sample("emoji", "emoji-clip"));

        var longer = TokenizerFiles.WithMaximumLength(files, 92);

        Assert.Same(files, TokenizerFiles.WithMaximumLength(files, 32)); // as it is
        Assert.Equal(files.Keys, longer.Keys);
        Assert.All(files.Keys.Where(name => name != "tokenizer_config.json"), name => Assert.Same(files[name], longer[name]));
        var (before, after) = (JsonNode.Parse(files["tokenizer_config.json"])!, JsonNode.Parse(longer["tokenizer_config.json"])!);
        Assert.Equal(92, (int?)after["model_max_length"]);
        before["model_max_length"] = 92;
        Assert.True(JsonNode.DeepEquals(before, after));
        Assert.Contains("<|endoftext|>", Encoding.UTF8.GetString(longer["tokenizer_config.json"]), StringComparison.Ordinal);
    }

    private static void Write(TemporaryFolder folder, IReadOnlyDictionary<string, byte[]> files)
    {
        foreach (var (name, content) in files)
        {
            File.WriteAllBytes(Path.Combine(folder.Path, name), content);
        }
    }
}
