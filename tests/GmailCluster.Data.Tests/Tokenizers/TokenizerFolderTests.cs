using GmailCluster.Errors;
using GmailCluster.Golden;

namespace GmailCluster.Data.Tokenizers;

/// <summary>What the files around a tokenizer say, and what holds for each kind.</summary>
public sealed class TokenizerFolderTests
{
    private const string Plain = """{"model": {"vocab": {"a": 0, "b": 1, " ": 2, "ab": 3}, "merges": ["a b"]}, "added_tokens": [ADDED]}""";

    [Fact]
    public void A_row_is_cut_before_its_end_token_and_filled_behind_it()
    {
        var tokenizer = TokenizerFolder.Load(GoldenFolder.Under("tokenizers", "clip"));
        var (bos, eos) = (tokenizer.Special.Bos!.Value, tokenizer.Special.Eos!.Value);
        var words = tokenizer.Encode("a photo of a cat", addSpecialTokens: false);

        Assert.Equal([bos, .. words, eos, eos], tokenizer.EncodePadded("a photo of a cat", words.Count + 3));
        Assert.Equal([bos, .. words, eos], tokenizer.EncodePadded("a photo of a cat", words.Count + 2));
        Assert.Equal([bos, .. words.Take(2), eos], tokenizer.EncodePadded("a photo of a cat", 4));
        Assert.Equal([bos, eos], tokenizer.EncodePadded("a photo of a cat", 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.EncodePadded("a", 1));
    }

    [Fact]
    public void Rows_cannot_be_filled_without_a_padding_token()
    {
        var tokenizer = TokenizerFolder.Load(GoldenFolder.Under("tokenizers", "gpt2"));

        var ids = tokenizer.Encode("a cat");

        Assert.Equal(ids, tokenizer.EncodePadded("a cat", ids.Count));
        Assert.Throws<InputException>(() => tokenizer.EncodePadded("a cat", ids.Count + 1));
    }

    [Fact]
    public void Old_folders_name_their_padding_in_the_special_tokens_map()
    {
        using var folder = new TemporaryFolder();
        folder.Copy(GoldenFolder.Sample("emoji", "emoji-clip"), "vocab.json", "merges.txt", "tokenizer_config.json");
        folder.Write("special_tokens_map.json", """{"pad_token": "!", "eos_token": {"content": "<|endoftext|>", "lstrip": false}}""");

        var tokenizer = TokenizerFolder.Load(folder.Path);

        Assert.Equal(tokenizer.IdOf("!"), tokenizer.Special.Pad);
        Assert.Equal(tokenizer.IdOf("<|endoftext|>"), tokenizer.Special.Eos);
        Assert.Equal(32, tokenizer.MaximumLength);
    }

    [Fact]
    public void A_length_without_bound_is_no_length()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", Plain.Replace("ADDED", "", StringComparison.Ordinal));
        folder.Write("tokenizer_config.json", """{"model_max_length": 1000000000000000019884624838656, "tokenizer_class": "TokenizersBackend"}""");

        Assert.Null(TokenizerFolder.Load(folder.Path).MaximumLength);
    }

    [Fact]
    public void Settings_that_name_an_unknown_token_are_refused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", Plain.Replace("ADDED", "", StringComparison.Ordinal));
        folder.Write("tokenizer_config.json", """{"eos_token": "</s>"}""");

        var refusal = Assert.Throws<InputException>(() => TokenizerFolder.Load(folder.Path));

        Assert.Contains("'</s>'", refusal.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"id": 9, "content": "ba"}""", "abba", "3 9")] // as given, the longer stretch is found first
    [InlineData("""{"id": 9, "content": "b", "single_word": true}, {"id": 1, "content": "b"}""", "ab b", "3 2 1")]
    [InlineData("""{"id": 9, "content": "X", "lstrip": true}""", "a  X a", "0 9 2 0")]
    [InlineData("""{"id": 9, "content": "X", "rstrip": true}""", "a X  a", "0 2 9 0")]
    [InlineData("""{"id": 8, "content": "X"}, {"id": 9, "content": "XX"}""", "XXX", "9 8")]
    public void Added_tokens_are_found_by_their_rules(string added, string text, string expected)
    {
        using var folder = new TemporaryFolder();
        var json = added.Contains("\"b\", \"single", StringComparison.Ordinal)
            ? """{"model": {"vocab": {"a": 0, "b": 1, " ": 2, "ab": 3}, "merges": ["a b"]}, "added_tokens": [{"id": 1, "content": "b", "single_word": true}]}"""
            : Plain.Replace("ADDED", added, StringComparison.Ordinal);
        folder.Write("tokenizer.json", json);

        var ids = TokenizerFolder.Load(folder.Path).Encode(text);

        Assert.Equal(expected, string.Join(' ', ids));
    }

    [Fact]
    public void Llamas_tokenizer_json_spells_as_its_sentencepiece_model_would()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", """
            {"normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
             "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
               "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
             "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
             "added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 1, "content": "<s>", "special": true}],
             "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
               "vocab": {"<unk>": 0, "<s>": 1, "<0xC3>": 2, "<0xA9>": 3, "▁": 4, "h": 5, "i": 6, "▁h": 7, "▁hi": 8}, "merges": ["▁ h", "▁h i"]}}
            """);

        var tokenizer = TokenizerFolder.Load(folder.Path);

        Assert.Equal([1, 8, 8, 2, 3], tokenizer.Encode("hi hié"));
        Assert.Equal("hi hié", tokenizer.Decode([1, 8, 8, 2, 3]));
        Assert.Equal([1, 8, 0, 6], tokenizer.Encode("hiüüi")); // unknown, and runs of unknowns are one
        Assert.Equal("hi\uFFFD", tokenizer.Decode([8, 2]));
    }

    [Fact]
    public void Llamas_added_tokens_come_from_its_settings()
    {
        using var folder = new TemporaryFolder();
        folder.Copy(GoldenFolder.Under("tokenizers", "llama-sp"), "tokenizer.model");
        var plain = TokenizerFolder.Load(folder.Path);
        folder.Write("tokenizer_config.json", """
            {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "add_eos_token": true, "tokenizer_class": "LlamaTokenizer",
             "added_tokens_decoder": {"1": {"content": "<s>", "special": true}, "2": {"content": "</s>", "special": true}, "90000": {"content": "<image>", "special": true}, "90001": {"content": "<pad>", "special": true}}}
            """);

        var tokenizer = TokenizerFolder.Load(folder.Path);
        var (user, answer) = (plain.Encode("a photo", addSpecialTokens: false), plain.Encode(" is", addSpecialTokens: false));

        Assert.Equal([1, .. user, 90000, .. answer, 2], tokenizer.Encode("a photo<image> is"));
        Assert.Equal([1, .. user, 2, 90001, 90001], tokenizer.EncodePadded("a photo", user.Count + 4));
        Assert.Equal(90002, tokenizer.VocabularySize);
        Assert.Equal("<s> a photo<image>", tokenizer.Decode([1, .. user, 90000], skipSpecialTokens: false));
        Assert.Equal("a photo", tokenizer.Decode([1, .. user, 90000, 2]));
    }

    [Theory]
    [InlineData("clip")]
    [InlineData("gpt2")]
    [InlineData("llama-sp")]
    [InlineData("llama3-json")]
    public void Lone_surrogates_and_unknown_ids_do_no_harm(string reference)
    {
        var tokenizer = TokenizerFolder.Load(GoldenFolder.Under("tokenizers", reference));

        Assert.Equal(tokenizer.Encode("a\uFFFDb"), tokenizer.Encode("a\uD83Db"));
        Assert.NotEmpty(tokenizer.Encode("\uFFFE\u0345 e\u0301\uFFFE"));
        Assert.Equal("", tokenizer.Decode([int.MaxValue, -1]));
    }

    [Theory]
    [InlineData("clip")]
    [InlineData("llama-sp")]
    public void One_tokenizer_serves_many_threads(string reference)
    {
        var folder = GoldenFolder.Under("tokenizers", reference);
        string[] texts = [.. Enumerable.Range(0, 400).Select(i => $"photo {i} of {i * 7919 % 1000} cats, naïve {(char)('a' + (i % 26))}x")];
        var expected = texts.Select(text => string.Join(' ', TokenizerFolder.Load(folder).Encode(text))).Take(20).ToArray();
        var shared = TokenizerFolder.Load(folder);
        var actual = new string[texts.Length];

        Parallel.For(0, texts.Length, i => actual[i] = string.Join(' ', shared.Encode(texts[i])));

        Assert.Equal(expected, actual.Take(20));
        Assert.Equal(texts.Select(text => string.Join(' ', shared.Encode(text))), actual);
    }
}
