namespace GmailCluster.Cli.Display;

/// <summary>Columns of text, padded to line up; the same in a terminal and in a pipe, and never wrapped.</summary>
internal static class PlainTable
{
    private const string Gap = "  ";

    /// <summary>Writes head and rows.</summary>
    public static void Write(TextWriter writer, IReadOnlyList<string> head, IReadOnlyList<string[]> rows)
    {
        var widths = head.Select((name, column) => rows.Select(row => row[column].Length).Append(name.Length).Max()).ToArray();
        foreach (var row in rows.Prepend([.. head]))
        {
            writer.WriteLine(string.Join(Gap, row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }
}
