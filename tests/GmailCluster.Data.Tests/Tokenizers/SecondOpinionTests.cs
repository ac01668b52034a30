using CsCheck;
using GmailCluster.Golden;
using Microsoft.ML.Tokenizers;

namespace GmailCluster.Data.Tokenizers;

/// <summary>Merging, compared with an independent implementation on texts that no reference holds.</summary>
public sealed class SecondOpinionTests
{
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.String[Gen.Char["abcdefghilmnorstu '.,0123\n"], 0, 80],
        Gen.String[Gen.Char['\u0020', '\u04FF'], 0, 40],
        Gen.String[Gen.Char['\u3040', '\u9FFF'], 0, 20]);

    [Fact]
    public void Gpt2_merges_as_microsoft_ml_tokenizers_does()
    {
        var folder = GoldenFolder.Under("tokenizers", "gpt2");
        var tokenizer = TokenizerFolder.Load(folder);
        var split = new System.Text.RegularExpressions.Regex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+");
        var other = BpeTokenizer.Create(new BpeOptions(Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"))
        {
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(split, null),
        });

        Text.Sample(text => Assert.Equal(other.EncodeToIds(text), tokenizer.Encode(text)), iter: 2_000, threads: 1);
    }

    // Not Microsoft.ML.Tokenizers here: of two equal scores it may merge the right one first ("tttt"), where SentencePiece's
    // comparator says left. So the second opinion is the rule itself, spelled out over the vocabulary in text form.
    [Fact]
    public void Sentencepiece_merges_the_best_pair_leftmost_first()
    {
        var folder = GoldenFolder.Under("tokenizers", "llama-sp");
        var tokenizer = TokenizerFolder.Load(folder);
        var pieces = File.ReadLines(Path.Combine(folder, "tokenizer.vocab")).Select((line, id) => (Parts: line.Split('\t'), id))
            .ToDictionary(row => row.Parts[0], row => (row.id, Score: float.Parse(row.Parts[1], System.Globalization.CultureInfo.InvariantCulture)));

        Text.Sample(text => Assert.Equal(MergeNaively(text, pieces), tokenizer.Encode(text, addSpecialTokens: false)), iter: 2_000, threads: 1);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama-sp")]
    [InlineData("llama3-json")]
    public void Any_text_comes_back_from_its_ids(string reference)
    {
        var tokenizer = TokenizerFolder.Load(GoldenFolder.Under("tokenizers", reference));
        var anything = Gen.Int[0, 0x10FFFF].Where(System.Text.Rune.IsValid).Array[0, 30].Select(runes => string.Concat(runes.Select(char.ConvertFromUtf32)));

        anything.Sample(
            text =>
            {
                // SentencePiece's visible space is a space to it.
                var expected = reference == "llama-sp" ? text.Replace('\u2581', ' ') : text;
                Assert.Equal(expected, tokenizer.Decode(tokenizer.Encode(text)));
            },
            iter: 1_000,
            threads: 1);
    }

    [Fact]
    public void Clip_spells_the_whole_words_of_its_vocabulary_with_one_token()
    {
        var folder = GoldenFolder.Under("tokenizers", "clip");
        var tokenizer = TokenizerFolder.Load(folder);
        using var vocabulary = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "vocab.json")));
        var other = BpeTokenizer.Create(new BpeOptions(Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt")) { EndOfWordSuffix = "</w>" });
        var (words, whole) = (0, 0);

        foreach (var entry in vocabulary.RootElement.EnumerateObject().Where(e => e.Name.EndsWith("</w>", StringComparison.Ordinal)))
        {
            var word = entry.Name[..^4];
            if (!word.All(char.IsAsciiLetterLower))
            {
                continue;
            }

            words++;
            var ids = tokenizer.Encode(word, addSpecialTokens: false);
            Assert.Equal(other.EncodeToIds(word), ids);
            whole += ids is [var id] && id == entry.Value.GetInt32() ? 1 : 0;
        }

        // OpenAI's vocabulary: all of them. In others a word's end may be a token that the word alone does not merge into.
        Assert.True(words > 0 && whole >= 0.95 * words, $"{whole} of {words} words are one token.");
    }

    private static List<int> MergeNaively(string text, Dictionary<string, (int Id, float Score)> pieces)
    {
        var symbols = text.Length == 0 ? [] : ("\u2581" + text.Replace(' ', '\u2581')).Select(symbol => symbol.ToString()).ToList();
        while (true)
        {
            var best = Enumerable.Range(0, Math.Max(symbols.Count - 1, 0)).Where(i => pieces.ContainsKey(symbols[i] + symbols[i + 1]))
                .OrderByDescending(i => pieces[symbols[i] + symbols[i + 1]].Score).ThenBy(i => i).Cast<int?>().FirstOrDefault();
            if (best is not { } at)
            {
                break;
            }

            symbols[at] += symbols[at + 1];
            symbols.RemoveAt(at + 1);
        }

        return [.. symbols.SelectMany(symbol => pieces.TryGetValue(symbol, out var piece)
            ? [piece.Id]
            : System.Text.Encoding.UTF8.GetBytes(symbol).Select(value => pieces[$"<0x{value:X2}>"].Id))];
    }
}
