using System.Text;

namespace GmailCluster.Data.Captions.Tables;

/// <summary>One record of delimited values, fed line by line: a quoted field goes on until its quote is closed.</summary>
internal sealed class DelimitedRecordParser(char delimiter)
{
    private readonly List<string> _fields = [];
    private readonly StringBuilder _field = new();
    private bool _wasQuoted;

    /// <summary>Whether a quoted field goes on in the next line.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>What is wrong with the record; null when nothing is.</summary>
    public string? Problem { get; private set; }

    /// <summary>The fields; complete when the record is not open.</summary>
    public string[] Fields => [.. _fields];

    public void Feed(string line)
    {
        var at = 0;
        if (IsOpen)
        {
            _field.Append('\n');
            at = ReadQuoted(line, 0);
        }

        while (!IsOpen)
        {
            if (at < line.Length && line[at] == '"' && !_wasQuoted)
            {
                at = ReadQuoted(line, at + 1);
                continue;
            }

            var end = line.IndexOf(delimiter, at);
            var rest = line.AsSpan(at, (end < 0 ? line.Length : end) - at);
            if (_wasQuoted && rest.Length > 0)
            {
                Problem ??= $"has text after the closing quote of column {_fields.Count + 1}.";
            }

            _fields.Add(_field.Append(rest).ToString());
            _field.Clear();
            _wasQuoted = false;
            if (end < 0)
            {
                return;
            }

            at = end + 1;
        }
    }

    // From inside a quoted field to behind its closing quote, or to the end of the line.
    private int ReadQuoted(string line, int at)
    {
        IsOpen = true;
        while (at < line.Length)
        {
            var quote = line.IndexOf('"', at);
            if (quote < 0)
            {
                break;
            }

            _field.Append(line, at, quote - at);
            if (quote + 1 < line.Length && line[quote + 1] == '"')
            {
                _field.Append('"');
                at = quote + 2;
                continue;
            }

            (IsOpen, _wasQuoted) = (false, true);
            return quote + 1;
        }

        _field.Append(line, at, line.Length - at);
        return line.Length;
    }
}
