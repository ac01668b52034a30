namespace GmailCluster.Errors;

/// <summary>
/// A failure told as a small letter to the user: what happened, where, and what to do about it. The command line prints
/// <see cref="Exception.Message"/> alone, without a stack trace, and exits with <see cref="ExitCode"/>.
/// </summary>
public class GmailClusterException : Exception
{
    /// <summary>Composes the message as "where: problem remedy".</summary>
    /// <param name="where">File and line, key, shard, offset or peer; may be empty.</param>
    /// <param name="problem">What was found, with the values as seen, as a sentence.</param>
    /// <param name="remedy">What the reader can do, as a sentence.</param>
    /// <param name="inner">The cause, kept for logs.</param>
    public GmailClusterException(string where, string problem, string remedy, Exception? inner = null)
        : base(Compose(where, problem, remedy), inner)
    {
        Where = where;
        Problem = problem;
        Remedy = remedy;
    }

    /// <summary>File and line, key, shard, offset or peer.</summary>
    public string Where { get; }

    /// <summary>What was found.</summary>
    public string Problem { get; }

    /// <summary>What the reader can do.</summary>
    public string Remedy { get; }

    /// <summary>1: the work failed. 2: usage or input was wrong.</summary>
    public virtual int ExitCode => 1;

    private static string Compose(string where, string problem, string remedy)
    {
        var head = where.Length == 0 ? problem : $"{where}: {problem}";
        return remedy.Length == 0 ? head : $"{head} {remedy}";
    }
}
