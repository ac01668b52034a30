using GmailCluster.Cli.Display;
using GmailCluster.Learning.Use;

namespace GmailCluster.Cli.Verbs;

/// <summary>
/// Counts what became of a user's pictures. One that cannot be read is told at once and the others go on; at the end the count is told,
/// and the exit code says that the input was not all good.
/// </summary>
internal sealed class PictureTally(CliContext context)
{
    private int _count;
    private int _refusedCount;

    /// <summary>How many could be read.</summary>
    public int ReadCount => _count - _refusedCount;

    /// <summary>Whether there is a result; tells the problem where there is none.</summary>
    public bool Takes<T>(Seen<T> seen)
    {
        _count++;
        if (seen.Problem is null)
        {
            return true;
        }

        _refusedCount++;
        context.Error.WriteLine(seen.Problem.Message);
        return false;
    }

    /// <summary>Tells how many were refused, if any. 0, or <see cref="CommandLine.WrongInput"/> where some were.</summary>
    public int ExitCode()
    {
        if (_refusedCount == 0)
        {
            return 0;
        }

        if (_count > 1)
        {
            context.Error.WriteLine($"{Figures.Count(_refusedCount)} of {Figures.Count(_count)} pictures could not be used.");
        }

        return CommandLine.WrongInput;
    }
}
