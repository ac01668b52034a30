using System.CommandLine;
using System.Text.Json;
using GmailCluster.Cli.Display;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Verbs;

/// <summary>The --json option: output for scripts.</summary>
internal static class JsonOption
{
    /// <summary>A new option; one belongs to one verb.</summary>
    public static Option<bool> Create() => new("--json") { Description = "Print JSON, for scripts." };

    /// <summary>Prints a value.</summary>
    public static void Print<T>(CliContext context, T value) => context.Out.WriteLine(JsonSerializer.Serialize(value, StageJson.Options));
}
