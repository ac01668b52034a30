using CsCheck;
using GmailCluster.Errors;
using GmailCluster.Golden;

namespace GmailCluster.Data.Tokenizers;

/// <summary>Whatever is wrong with a tokenizer's file: a named error with its place, or a tokenizer that works; never a crash.</summary>
public sealed class DamagedTokenizerTests
{
    private static readonly string Clip = GoldenFolder.Sample("emoji", "emoji-clip");
    private static readonly string Llama = GoldenFolder.Sample("emoji", "emoji-llama");
    private static readonly string SentencePiece = GoldenFolder.Under("tokenizers", "llama-sp");

    public static TheoryData<string, string> Files => new()
    {
        { Clip, "tokenizer.json" },
        { Llama, "tokenizer.json" },
        { Clip, "vocab.json" },
        { Clip, "merges.txt" },
        { SentencePiece, "tokenizer.model" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_cut_short_is_refused_or_works(string source, string name)
    {
        var bytes = File.ReadAllBytes(Path.Combine(source, name));

        Gen.Int[0, bytes.Length - 1].Sample(length => LoadsOrRefuses(source, name, bytes[..length]), iter: 60, threads: 1);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_with_flipped_bits_is_refused_or_works(string source, string name)
    {
        var bytes = File.ReadAllBytes(Path.Combine(source, name));
        var flips = Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Int[0, 7]).Array[1, 8];

        flips.Sample(
            changes =>
            {
                var damaged = bytes.ToArray();
                foreach (var (at, bit) in changes)
                {
                    damaged[at] ^= (byte)(1 << bit);
                }

                LoadsOrRefuses(source, name, damaged);
            },
            iter: 100,
            threads: 1);
    }

    [Fact]
    public void Json_cut_short_names_line_and_column()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", "{\"model\": {\n  \"type\": \"BPE\",\n  \"voc");

        var refusal = Assert.Throws<InputException>(() => TokenizerFolder.Load(folder.Path));

        Assert.StartsWith($"{folder.At("tokenizer.json")}:3:", refusal.Where, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": [["a", "b"]]}}""", "model.merges[0]", "'ab'")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0, "ab": 1}, "merges": ["a b"]}}""", "model.merges[0]", "'b'")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["ab"]}}""", "model.merges[0]", "one space")]
    [InlineData("""{"model": {"type": "BPE", "merges": []}}""", "model", "'vocab'")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}}""", "model.vocab.b", "'a' has already")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}""", "model.vocab.a", "-1")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "unk_token": "u"}}""", "model", "'u'")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "dropout": 0.1}}""", "model.dropout", "random")]
    [InlineData("""{"model": {"type": "WordPiece", "vocab": {}}}""", "model.type", "WordPiece")]
    [InlineData("""{"normalizer": {"type": "Nmt"}, "model": {"vocab": {"a": 0}, "merges": []}}""", "normalizer.type", "Nmt")]
    [InlineData("""{"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "[a"}, "behavior": "Isolated", "invert": false}, "model": {"vocab": {"a": 0}, "merges": []}}""", "pre_tokenizer.pattern.Regex", "pattern")]
    [InlineData("""{"post_processor": {"type": "RobertaProcessing", "cls": ["a", 0], "sep": ["z", 9]}, "model": {"vocab": {"a": 0}, "merges": []}}""", "post_processor", "9")]
    [InlineData("""{"added_tokens": [{"id": 5, "content": "a"}], "model": {"vocab": {"a": 0}, "merges": []}}""", "added_tokens[0]", "does not agree")]
    public void A_wrong_tokenizer_json_is_refused_with_its_path(string json, string path, string problem)
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", json);

        var refusal = Assert.Throws<InputException>(() => TokenizerFolder.Load(folder.Path));

        Assert.Equal($"{folder.At("tokenizer.json")}: {path}", refusal.Where);
        Assert.Contains(problem, refusal.Problem, StringComparison.Ordinal);
        Assert.NotEmpty(refusal.Remedy);
        Assert.Equal(2, refusal.ExitCode);
    }

    [Fact]
    public void Merges_of_unknown_tokens_are_refused_with_their_line()
    {
        using var folder = new TemporaryFolder();
        folder.Copy(Clip, "vocab.json");
        folder.Write("merges.txt", "#version: 0.2\nr o\nr Ж\n");

        var refusal = Assert.Throws<InputException>(() => TokenizerFolder.Load(folder.Path));

        Assert.Equal($"{folder.At("merges.txt")}:3", refusal.Where);
        Assert.Contains("'Ж'", refusal.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    public void Half_of_a_pair_of_files_is_refused_by_the_missing_ones_name(string present)
    {
        using var folder = new TemporaryFolder();
        folder.Copy(Clip, present);

        var refusal = Assert.Throws<InputException>(() => TokenizerFolder.Load(folder.Path));

        Assert.Equal(folder.At(present == "vocab.json" ? "merges.txt" : "vocab.json"), refusal.Where);
    }

    [Fact]
    public void A_folder_without_a_tokenizer_is_refused()
    {
        using var folder = new TemporaryFolder();

        Assert.Throws<InputException>(() => TokenizerFolder.Load(folder.Path));
        Assert.Throws<InputException>(() => TokenizerFolder.Load(folder.At("nowhere")));
    }

    [Fact]
    public void A_cut_sentencepiece_model_names_the_byte()
    {
        using var folder = new TemporaryFolder();
        var bytes = File.ReadAllBytes(Path.Combine(SentencePiece, "tokenizer.model"));
        File.WriteAllBytes(folder.At("tokenizer.model"), bytes[..1001]);

        var refusal = Assert.Throws<InputException>(() => TokenizerFolder.Load(folder.Path));

        Assert.Matches(@": byte \d+$", refusal.Where);
    }

    private static void LoadsOrRefuses(string source, string name, byte[] bytes)
    {
        using var folder = new TemporaryFolder();
        if (name is "vocab.json" or "merges.txt")
        {
            folder.Copy(source, "vocab.json", "merges.txt");
        }

        File.WriteAllBytes(folder.At(name), bytes);
        ITokenizer tokenizer;
        try
        {
            tokenizer = TokenizerFolder.Load(folder.Path);
        }
        catch (InputException refusal)
        {
            Assert.NotEmpty(refusal.Remedy);
            Assert.Contains(folder.Path, refusal.Where, StringComparison.Ordinal);
            return;
        }

        var ids = tokenizer.Encode("A photo of 3 cats, don't \U0001F98A\n");
        Assert.All(ids, id => Assert.InRange(id, 0, tokenizer.VocabularySize - 1));
        Assert.NotNull(tokenizer.Decode(ids, skipSpecialTokens: false));
    }
}
