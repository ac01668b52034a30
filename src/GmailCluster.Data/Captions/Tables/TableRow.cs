namespace GmailCluster.Data.Captions.Tables;

/// <summary>One row of a table, in whatever file format.</summary>
/// <param name="Name">Which row, for people: <c>line 7</c>.</param>
/// <param name="Cells">
/// Values by column: a string, a list of strings, or an <see cref="ImageSource"/> for an embedded picture. Absent when null.
/// </param>
/// <param name="Problem">Set when the row itself cannot be read.</param>
internal sealed record TableRow(string Name, IReadOnlyDictionary<string, object> Cells, string? Problem = null)
{
    private static readonly Dictionary<string, object> None = [];

    public static TableRow Bad(string name, string problem) => new(name, None, problem);

    public string? Text(string column) => Cells.GetValueOrDefault(column) switch
    {
        null => null,
        string text => text,
        _ => throw new BadRecordException(column, "is not a text."),
    };

    public IReadOnlyList<string> Texts(string column) => Cells.GetValueOrDefault(column) switch
    {
        null => [],
        string text => [text],
        IReadOnlyList<string> texts => texts,
        _ => throw new BadRecordException(column, "is neither a text nor a list of texts."),
    };

    /// <summary>All columns but these, in ordinal order, as text; lists as JSON, embedded pictures left out.</summary>
    public SortedDictionary<string, string> Others(params IEnumerable<string> known)
    {
        var fields = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (column, value) in Cells)
        {
            if (!known.Contains(column) && value is not ImageSource)
            {
                fields[column] = value as string ?? System.Text.Json.JsonSerializer.Serialize((IReadOnlyList<string>)value);
            }
        }

        return fields;
    }
}
