namespace GmailCluster.Errors;

/// <summary>Something the user gave (a file, a spec, an argument, a picture) is not usable. Exit code 2.</summary>
public class InputException(string where, string problem, string remedy, Exception? inner = null)
    : GmailClusterException(where, problem, remedy, inner)
{
    /// <inheritdoc/>
    public override int ExitCode => 2;
}
