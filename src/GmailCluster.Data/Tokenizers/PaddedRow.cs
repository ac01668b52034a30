using GmailCluster.Errors;

namespace GmailCluster.Data.Tokenizers;

/// <summary>Cutting and filling a sequence to a length, as Hugging Face's truncation=True, padding="max_length" does.</summary>
internal static class PaddedRow
{
    public static int[] Build(
        IReadOnlyList<int> before, IReadOnlyList<int> content, IReadOnlyList<int> after, int length, int? padId, string where)
    {
        var room = length - before.Count - after.Count;
        ArgumentOutOfRangeException.ThrowIfNegative(room, nameof(length));
        var kept = content.Take(room);
        int[] ids = [.. before, .. kept, .. after];
        if (ids.Length == length)
        {
            return ids;
        }

        var pad = padId ?? throw new InputException(
            where, "names no padding token, and rows of equal length are asked for.", "Name a pad_token in its tokenizer_config.json.");
        return [.. ids, .. Enumerable.Repeat(pad, length - ids.Length)];
    }
}
