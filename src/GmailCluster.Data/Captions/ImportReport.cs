using System.Globalization;
using GmailCluster.Specs;

namespace GmailCluster.Data.Captions;

/// <summary>What reading a data set or a list of captions found. Every record is counted once.</summary>
/// <param name="Source">The file or folder.</param>
/// <param name="Format">Its layout.</param>
/// <param name="RecordCount">Records read.</param>
/// <param name="SampleCount">Samples or prompts they gave.</param>
/// <param name="CaptionCount">Captions of those.</param>
/// <param name="LeftOut">What was left out on purpose, by reason: other splits, members of other kinds.</param>
/// <param name="Problems">Records that cannot be used, all of them.</param>
public sealed record ImportReport(
    string Source, DatasetFormat Format, int RecordCount, int SampleCount, int CaptionCount,
    IReadOnlyDictionary<string, int> LeftOut, IReadOnlyList<ImportProblem> Problems)
{
    /// <summary>What a reader of the report should know beyond the counts: what was left out, how much cannot be used.</summary>
    public IReadOnlyList<string> Notes =>
    [
        .. LeftOut.Select(item => string.Create(CultureInfo.InvariantCulture, $"{Source}: {item.Value} left out: {item.Key}.")),
        .. Problems.Select(problem => $"{Source}: not usable: {problem}"),
    ];
}
