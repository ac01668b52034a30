namespace GmailCluster.Processes;

/// <summary>What a command line printed and returned.</summary>
internal sealed record CliRun(int ExitCode, string Out, string Error);
