using GmailCluster.Data.Json;

namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>Reads the <c>post_processor</c> of a tokenizer.json, of which only the template of a single text matters here.</summary>
internal static class TemplateReader
{
    public static TokenTemplate Read(JsonSection section)
    {
        if (section.IsNull)
        {
            return TokenTemplate.None;
        }

        return section["type"].AsString() switch
        {
            "ByteLevel" => TokenTemplate.None, // moves offsets only
            "RobertaProcessing" or "BertProcessing" => new TokenTemplate([PairId(section["cls"])], [PairId(section["sep"])]),
            "TemplateProcessing" => ReadTemplate(section),
            "Sequence" => section["processors"].Items().Select(Read).Aggregate(TokenTemplate.None, Around),
            var other => throw NormalizerReader.Unsupported(section["type"], "post-processor", other),
        };
    }

    private static TokenTemplate Around(TokenTemplate inner, TokenTemplate outer) =>
        new([.. outer.Before, .. inner.Before], [.. inner.After, .. outer.After]);

    // ["<|endoftext|>", 49407]
    private static int PairId(JsonSection pair) =>
        pair.Count() == 2 ? pair.Items().Last().AsCount() : throw pair.Error("should be a token and its id.");

    private static TokenTemplate ReadTemplate(JsonSection section)
    {
        var (before, after, texts) = (new List<int>(), new List<int>(), 0);
        foreach (var piece in section["single"].Items())
        {
            var special = piece.Find("SpecialToken");
            if (special.IsNull)
            {
                _ = piece["Sequence"];
                texts++;
                continue;
            }

            var name = special["id"].AsString();
            var ids = section["special_tokens"][name]["ids"].Items().Select(id => id.AsCount());
            (texts == 0 ? before : after).AddRange(ids);
        }

        return texts == 1
            ? new TokenTemplate(before, after)
            : throw section["single"].Error($"should hold the text once, and holds it {texts} times.");
    }
}
