using System.Text.Json;
using GmailCluster.Golden;

namespace GmailCluster.Data.Tokenizers;

/// <summary>The sample's three tokenizers, each a tokenizer.json with steps of its own, over all of the sample's captions.</summary>
public sealed class EmojiTokenizerTests
{
    private static readonly string[] Captions = ReadCaptions();

    [Theory]
    [InlineData("emoji-gpt2")]
    [InlineData("emoji-llama")]
    public void A_byte_level_tokenizer_returns_every_caption_unchanged(string folder)
    {
        var tokenizer = TokenizerFolder.Load(GoldenFolder.Sample("emoji", folder));

        foreach (var caption in Captions)
        {
            Assert.Equal(caption, tokenizer.Decode(tokenizer.Encode(caption)));
        }
    }

    [Theory]
    [InlineData("emoji-clip")]
    [InlineData("emoji-sd/tokenizer")]
    public void Clip_frames_a_caption_and_spells_the_same_after_decoding(string folder)
    {
        var tokenizer = TokenizerFolder.Load(GoldenFolder.Sample("emoji", folder));

        foreach (var caption in Captions)
        {
            var ids = tokenizer.Encode(caption);

            Assert.Equal(tokenizer.Special.Bos, ids[0]);
            Assert.Equal(tokenizer.Special.Eos, ids[^1]);
            Assert.Equal(ids, tokenizer.Encode(tokenizer.Decode(ids)));
        }
    }

    [Fact]
    public void The_folder_of_vocab_and_merges_spells_as_the_tokenizer_json_does()
    {
        var source = GoldenFolder.Sample("emoji", "emoji-clip");
        using var folder = new TemporaryFolder();
        folder.Copy(source, "vocab.json", "merges.txt", "tokenizer_config.json");
        var (expected, actual) = (TokenizerFolder.Load(source), TokenizerFolder.Load(folder.Path));

        foreach (var caption in Captions)
        {
            Assert.Equal(expected.EncodePadded(caption, 32), actual.EncodePadded(caption, 32));
        }

        Assert.Equal(expected.Special, actual.Special);
        Assert.Equal(expected.MaximumLength, actual.MaximumLength);
        Assert.Equal(expected.VocabularySize, actual.VocabularySize);
    }

    [Fact]
    public void Llama_begins_with_its_start_token_and_knows_the_image_token()
    {
        var tokenizer = TokenizerFolder.Load(GoldenFolder.Sample("emoji", "emoji-llama"));

        var ids = tokenizer.Encode("USER: <image> What is this? ASSISTANT:");

        Assert.Equal(tokenizer.IdOf("<|begin_of_text|>"), ids[0]);
        Assert.Equal(1, ids.Count(id => id == tokenizer.IdOf("<image>")));
        Assert.Equal(ids.Skip(1), tokenizer.Encode("USER: <image> What is this? ASSISTANT:", addSpecialTokens: false));
        Assert.Equal("USER:  What is this? ASSISTANT:", tokenizer.Decode(ids));
        Assert.Equal("<|begin_of_text|>USER: <image> What is this? ASSISTANT:", tokenizer.Decode(ids, skipSpecialTokens: false));
    }

    private static string[] ReadCaptions() =>
    [
        .. File.ReadLines(GoldenFolder.Sample("emoji", "captions.jsonl")).SelectMany(line =>
        {
            using var row = JsonDocument.Parse(line);
            return new[] { row.RootElement.GetProperty("caption").GetString()!, row.RootElement.GetProperty("long_caption").GetString()! };
        }),
    ];
}
