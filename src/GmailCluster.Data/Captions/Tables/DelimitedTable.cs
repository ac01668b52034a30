using System.Runtime.CompilerServices;
using GmailCluster.Errors;

namespace GmailCluster.Data.Captions.Tables;

/// <summary>Comma- or tab-separated values with a header (RFC 4180: quoted fields may hold separators, quotes and line breaks).</summary>
internal static class DelimitedTable
{
    public static async Task<TableFile> Open(string path, char delimiter, CancellationToken cancellationToken)
    {
        var rows = Records(path, delimiter, cancellationToken).GetAsyncEnumerator(cancellationToken);
        if (!await rows.MoveNextAsync().ConfigureAwait(false))
        {
            await rows.DisposeAsync().ConfigureAwait(false);
            throw new InputException(path, "is empty.", "Its first line should name the columns.");
        }

        var header = rows.Current;
        var twice = header.Fields.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1)?.Key;
        if (header.Problem is not null || twice is not null || header.Fields.Any(string.IsNullOrWhiteSpace))
        {
            await rows.DisposeAsync().ConfigureAwait(false);
            throw new InputException(
                path, header.Problem is { } problem ? $"line 1 {problem}" : twice is not null ? $"names the column '{twice}' twice." : "has a column without a name.",
                "Its first line should name the columns, each once.");
        }

        return new TableFile(path, header.Fields, Rows(rows, header.Fields));
    }

    private static async IAsyncEnumerable<TableRow> Rows(IAsyncEnumerator<Record> records, string[] columns)
    {
        await using var disposal = records.ConfigureAwait(false);
        while (await records.MoveNextAsync().ConfigureAwait(false))
        {
            var record = records.Current;
            var name = $"line {record.Line}";
            yield return record switch
            {
                { Problem: { } problem } => TableRow.Bad(name, problem),
                { Fields: var fields } when fields.Length != columns.Length =>
                    TableRow.Bad(name, $"has {fields.Length} columns where the header has {columns.Length}."),
                _ => new TableRow(name, columns.Zip(record.Fields).Where(cell => cell.Second.Length > 0)
                    .ToDictionary(cell => cell.First, cell => (object)cell.Second, StringComparer.Ordinal)),
            };
        }
    }

    private static async IAsyncEnumerable<Record> Records(string path, char delimiter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = TextFiles.Open(path);
        for (var line = 1; await LineReader.Next(reader, path, line, cancellationToken).ConfigureAwait(false) is { } text; line++)
        {
            if (text.Length == 0)
            {
                continue; // as every reader of such files does
            }

            var (first, parser) = (line, new DelimitedRecordParser(delimiter));
            parser.Feed(text);
            var length = text.Length;
            while (parser.IsOpen && await LineReader.Next(reader, path, line + 1, cancellationToken).ConfigureAwait(false) is { } more)
            {
                line++;
                length += more.Length;
                if (length > TextFiles.MaxRecordBytes)
                {
                    throw new InputException(path, $"opens a quote at line {first} that is not closed within {TextFiles.MaxRecordBytes} characters.", "Close it, or double a quote that is part of a text.");
                }

                parser.Feed(more);
            }

            yield return new Record(first, parser.Fields, parser.IsOpen ? "opens a quote that is never closed." : parser.Problem);
        }
    }

    private sealed record Record(int Line, string[] Fields, string? Problem);
}
