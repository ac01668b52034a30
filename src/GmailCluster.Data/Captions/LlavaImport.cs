using System.Text.Json;
using GmailCluster.Data.Json;
using GmailCluster.Errors;

namespace GmailCluster.Data.Captions;

/// <summary>
/// LLaVA's conversations (<c>blip_laion_cc_sbu_558k.json</c>, <c>llava_instruct_150k.json</c>): <c>id</c>, <c>image</c>,
/// <c>conversations</c> of alternating <c>human</c> and <c>gpt</c> turns, <c>&lt;image&gt;</c> in the first. The first answer is the
/// caption; the whole conversation is the field <c>conversations</c>, as JSON.
/// </summary>
internal static class LlavaImport
{
    public static void Read(DatasetBuilder builder)
    {
        using var file = JsonFile.Open(builder.Path);
        if (file.Element.ValueKind != JsonValueKind.Array)
        {
            throw new InputException(builder.Path, "is not LLaVA's JSON: it is not a list.", "Give a file such as llava_instruct_150k.json.");
        }

        foreach (var (i, record) in file.Element.EnumerateArray().Index())
        {
            builder.Record($"[{i}]", () =>
            {
                var turns = JsonFields.List(record, "conversations").Select(Turn).ToList();
                if (turns.Count < 2 || turns.Index().Any(t => t.Item.From != (t.Index % 2 == 0 ? "human" : "gpt")))
                {
                    throw new BadRecordException("conversations", "are not alternating turns from human and gpt, beginning with human.");
                }

                if (!turns[0].Value.Contains("<image>", StringComparison.Ordinal))
                {
                    throw new BadRecordException("conversations", "do not have <image> in the first turn.");
                }

                builder.Add(
                    JsonFields.Text(record, "id"), "id", [turns[1].Value], JsonFields.Text(record, builder.Spec.LongCaptionField), null,
                    JsonFields.Others(record, "id", builder.Spec.LongCaptionField),
                    builder.File(JsonFields.Text(record, builder.Spec.ImageField), builder.Spec.ImageField), captionColumn: "conversations");
            });
        }
    }

    private static (string From, string Value) Turn(JsonElement turn) =>
        (JsonFields.Text(turn, "from"), JsonFields.Text(turn, "value")) is ({ } from, { } value)
            ? (from, value)
            : throw new BadRecordException("conversations", "have a turn without 'from' or 'value'.");
}
