namespace GmailCluster.Cluster;

/// <summary>Why a call failed, in a line of a log.</summary>
internal static class Reason
{
    private static readonly string[] Ends = ["   at ", " ---> ", " See InnerException"];

    /// <summary>The message without the stack traces that Orleans writes into those of calls to a silo that is lost.</summary>
    public static string Of(Exception exception)
    {
        var message = exception.Message;
        var end = Ends.Select(part => message.IndexOf(part, StringComparison.Ordinal)).Where(at => at > 0).DefaultIfEmpty(message.Length).Min();
        return $"{message[..end].TrimEnd(' ', '.', ',')}.";
    }
}
