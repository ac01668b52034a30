using System.Globalization;
using GmailCluster.Errors;
using GmailCluster.Specs;

namespace GmailCluster.Data.Captions;

/// <summary>Collects records of one source, good and bad, and the rules that hold for every layout.</summary>
internal sealed class ImportBuilder(string source, DatasetFormat format, IEnumerable<string>? splits)
{
    private const int ListedProblems = 20;

    private readonly SortedSet<string>? _wanted = splits is null ? null : new SortedSet<string>(splits, StringComparer.Ordinal);
    private readonly SortedSet<string> _seenSplits = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _leftOut = new(StringComparer.Ordinal);
    private readonly List<ImportProblem> _problems = [];
    private int _records;

    public string Source => source;

    /// <summary>Reads one record; a <see cref="BadRecordException"/> inside makes it a bad one.</summary>
    public void Record(string row, Action read)
    {
        _records++;
        try
        {
            read();
        }
        catch (BadRecordException bad)
        {
            _problems.Add(new ImportProblem(row, bad.Column, bad.Message));
        }
    }

    public void LeaveOut(string what) => _leftOut[what] = _leftOut.GetValueOrDefault(what) + 1;

    /// <summary>Whether a record of this split is wanted; one that is not is counted as left out.</summary>
    public bool Wants(string? split, string? column)
    {
        if (split is not null)
        {
            _seenSplits.Add(split);
        }

        if (_wanted is null)
        {
            return true;
        }

        if (split is null)
        {
            throw new BadRecordException(column, "names no split, and the spec asks for one.");
        }

        if (_wanted.Contains(split))
        {
            return true;
        }

        LeaveOut("of other splits");
        return false;
    }

    /// <summary>Checks a record's id and captions; to be called last, when nothing else can be wrong with it.</summary>
    public (string Id, IReadOnlyList<string> Captions, string? LongCaption) Accept(
        string? id, string idColumn, IEnumerable<string?> captions, string captionColumn, string? longCaption)
    {
        if (string.IsNullOrWhiteSpace(id))
        {
            throw new BadRecordException(idColumn, "is empty.");
        }

        if (id.Any(char.IsControl))
        {
            throw new BadRecordException(idColumn, "has a control character.");
        }

        var trimmed = captions.Select(caption => caption?.Trim()).ToList();
        if (trimmed.Count == 0 || trimmed.Any(string.IsNullOrEmpty))
        {
            throw new BadRecordException(captionColumn, "is empty.");
        }

        if (!_ids.Add(id))
        {
            throw new BadRecordException(idColumn, $"'{id}' was used before.");
        }

        return (id, trimmed!, string.IsNullOrWhiteSpace(longCaption) ? null : longCaption.Trim());
    }

    /// <summary>The report, or the refusal of the whole source.</summary>
    public ImportReport Finish(int sampleCount, int captionCount, BadRecords badRecords)
    {
        if (_problems.Count > 0 && badRecords == BadRecords.Refuse)
        {
            var listed = string.Concat(_problems.Take(ListedProblems).Select(problem => $"\n  {problem}"));
            var more = _problems.Count > ListedProblems
                ? string.Create(CultureInfo.InvariantCulture, $"\n  and {_problems.Count - ListedProblems} more")
                : "";
            throw new InputException(
                source,
                string.Create(CultureInfo.InvariantCulture, $"{_problems.Count} of {_records} records cannot be used:{listed}{more}\n"),
                "Correct or remove these records.");
        }

        if (sampleCount == 0)
        {
            throw _wanted is not null && _seenSplits.Count > 0
                ? new InputException(
                    source, $"has no records of the split '{string.Join("+", _wanted)}'.", $"The splits in it are: {string.Join(", ", _seenSplits)}.")
                : new InputException(source, "has no usable records.", "Give a file with at least one picture and caption.");
        }

        return new ImportReport(source, format, _records, sampleCount, captionCount, _leftOut, _problems);
    }
}
