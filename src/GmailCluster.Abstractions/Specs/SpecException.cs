using GmailCluster.Errors;

namespace GmailCluster.Specs;

/// <summary>A spec that cannot be run. The message lists every problem, in the order of the file.</summary>
public sealed class SpecException : InputException
{
    /// <summary>Lists <paramref name="problems"/>, of which there is at least one.</summary>
    /// <param name="problems">What is wrong; sorted here by line.</param>
    /// <param name="inner">The cause, kept for logs.</param>
    public SpecException(IEnumerable<SpecProblem> problems, Exception? inner = null)
        : this([.. problems.OrderBy(problem => problem.Line)], inner)
    {
    }

    private SpecException(List<SpecProblem> problems, Exception? inner)
        : base(
            problems.Count == 1 ? problems[0].Where : problems[0].File,
            problems.Count == 1
                ? string.Join(' ', new[] { problems[0].Key, problems[0].Problem }.Where(part => part.Length > 0))
                : $"{problems.Count} problems.{Environment.NewLine}{string.Join(Environment.NewLine, problems)}",
            problems.Count == 1 ? problems[0].Remedy : "",
            inner)
        => Problems = problems;

    /// <summary>All problems, sorted by line.</summary>
    public IReadOnlyList<SpecProblem> Problems { get; }
}
