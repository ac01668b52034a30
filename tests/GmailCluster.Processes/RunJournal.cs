using System.Globalization;
using System.Text.RegularExpressions;

namespace GmailCluster.Processes;

/// <summary>What the silos of a cluster say of its runs, from their logs, with the time it was heard.</summary>
internal sealed partial class RunJournal
{
    // Bounds a failure, nothing else.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly List<JournalEntry> _entries = [];
    private readonly List<string> _lines = [];
    private TaskCompletionSource _added = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<JournalEntry> Entries
    {
        get
        {
            lock (_lock)
            {
                return [.. _entries];
            }
        }
    }

    /// <summary>All that the silos printed, each line after its silo's address.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lock)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>A silo has printed a line.</summary>
    public void Hear(SiloProcess teller, string line)
    {
        var entry = Read(teller, line);
        lock (_lock)
        {
            _lines.Add($"{teller.Address}: {line}");
            if (entry is not null)
            {
                _entries.Add(entry);
            }
        }

        Interlocked.Exchange(ref _added, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    /// <summary>The first entry that fits, among those there are and those to come.</summary>
    public async Task<T> First<T>(Func<T, bool> fits)
        where T : JournalEntry
    {
        while (true)
        {
            var wait = _added.Task; // taken before looking: an entry that comes after the look completes it
            if (Entries.OfType<T>().FirstOrDefault(fits) is { } found)
            {
                return found;
            }

            try
            {
                await wait.WaitAsync(Limit, TimeProvider.System);
            }
            catch (TimeoutException e)
            {
                throw new InvalidOperationException($"What was waited for did not come. The silos said:\n{string.Join('\n', Lines)}", e);
            }
        }
    }

    private static JournalEntry? Read(SiloProcess teller, string line)
    {
        var now = TimeProvider.System.GetTimestamp();
        if (Plan().Match(line) is { Success: true } plan)
        {
            var members = Member().Matches(plan.Groups["members"].Value);
            return new PlanMade(
                now, teller, plan.Groups["run"].Value, Number(plan, "number"), (int)Number(plan, "step"),
                [.. members.Select(member => member.Groups["silo"].Value)],
                [.. members.Select(member => (int)(Number(member, "last") - Number(member, "first") + 1))],
                plan.Groups["reason"].Value);
        }

        return Commit().Match(line) is { Success: true } commit
            ? new FirstCommit(now, teller, commit.Groups["run"].Value, Number(commit, "number"), (int)Number(commit, "step"))
            : null;
    }

    private static long Number(Match match, string group) => long.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\] (?<run>[^\[\]]+): generation number (?<number>\d+): (?<members>ranks .+), from step (?<step>\d+)(?:, with [^,]+ done again)?, because (?<reason>.*)$")]
    private static partial Regex Plan();

    [GeneratedRegex(@"ranks (?<first>\d+)-(?<last>\d+) on (?<silo>[^,@]+)")]
    private static partial Regex Member();

    [GeneratedRegex(@"\] (?<run>[^\[\]]+): step (?<step>\d+) is committed, the first under generation number (?<number>\d+)$")]
    private static partial Regex Commit();
}
