using GmailCluster.Data.Json;

namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>Reads an added token of a tokenizer.json or a tokenizer_config.json.</summary>
internal static class AddedTokenReader
{
    public static AddedToken Read(int id, JsonSection section)
    {
        var special = section.Find("special").AsBoolean(orDefault: false);
        var content = section["content"].AsString();
        return content.Length == 0
            ? throw section["content"].Error("is empty.")
            : new AddedToken(id, content)
            {
                SingleWord = section.Find("single_word").AsBoolean(orDefault: false),
                LStrip = section.Find("lstrip").AsBoolean(orDefault: false),
                RStrip = section.Find("rstrip").AsBoolean(orDefault: false),
                Normalized = section.Find("normalized").AsBoolean(orDefault: !special),
                Special = special,
            };
    }
}
