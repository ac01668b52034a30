using System.Text.Json;
using GmailCluster.Golden;

namespace GmailCluster.Data.Tokenizers;

/// <summary>Every row of every tokenizer reference: ids and text equal to those of the original libraries.</summary>
public sealed class TokenizerGoldenTests
{
    public static TheoryData<string> References => [.. Directory.GetDirectories(GoldenFolder.Under("tokenizers"))
        .Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    [Fact]
    public void The_four_kinds_of_tokenizer_have_references()
    {
        var kinds = References.Select(row => row.Data).ToArray();

        Assert.All(["clip", "gpt2", "llama-sp", "llama3-json"], kind => Assert.Contains(kind, kinds));
    }

    [Theory]
    [MemberData(nameof(References))]
    public void Encoding_equals_the_reference(string reference)
    {
        var folder = GoldenFolder.Under("tokenizers", reference);
        var tokenizer = TokenizerFolder.Load(folder);

        foreach (var row in Rows(folder, out var isPadded))
        {
            var actual = isPadded ? tokenizer.EncodePadded(row.Text, row.Ids.Length) : tokenizer.Encode(row.Text);

            Assert.True(row.Ids.SequenceEqual(actual), $"'{row.Text}': [{string.Join(' ', row.Ids)}], got [{string.Join(' ', actual)}]");
        }
    }

    [Theory]
    [MemberData(nameof(References))]
    public void Decoding_equals_the_reference(string reference)
    {
        var folder = GoldenFolder.Under("tokenizers", reference);
        var tokenizer = TokenizerFolder.Load(folder);

        foreach (var row in Rows(folder, out _))
        {
            Assert.Equal(row.Decoded, tokenizer.Decode(row.Ids, skipSpecialTokens: true));
        }
    }

    private static List<(string Text, int[] Ids, string Decoded)> Rows(string folder, out bool isPadded)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "reference.json")));
        isPadded = file.RootElement.TryGetProperty("padding", out _);
        var rows = file.RootElement.GetProperty("rows").EnumerateArray().Select(row => (
            row.GetProperty("text").GetString()!,
            row.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray(),
            row.GetProperty("decoded").GetString()!)).ToList();
        Assert.NotEmpty(rows);
        return rows;
    }
}
