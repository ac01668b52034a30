using Spectre.Console;

namespace GmailCluster.Cli.Display;

/// <summary>What a verb may touch of the outside: where it writes, the clock, the environment.</summary>
/// <param name="Out">Results, for people and pipes.</param>
/// <param name="Error">Problems.</param>
/// <param name="Console">The same as <paramref name="Out"/>, for tables and progress; knows whether it is a terminal.</param>
/// <param name="Time">The clock.</param>
/// <param name="IsDebug">Print stack traces.</param>
internal sealed record CliContext(TextWriter Out, TextWriter Error, IAnsiConsole Console, TimeProvider Time, bool IsDebug)
{
    /// <summary>Columns of a table when nobody says how wide the output is.</summary>
    public const int PlainWidth = 160;

    /// <summary>The context of this process.</summary>
    public static CliContext ForProcess()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(System.Console.Out) });
        if (!console.Profile.Out.IsTerminal)
        {
            console = ForWriter(System.Console.Out);
        }

        return new CliContext(System.Console.Out, System.Console.Error, console, TimeProvider.System, Environment.GetEnvironmentVariable("GMAILCLUSTER_DEBUG") == "1");
    }

    /// <summary>A console without colours and cursor, for a pipe or a file.</summary>
    public static IAnsiConsole ForWriter(TextWriter writer)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = PlainWidth;
        return console;
    }

    /// <summary>Starts showing progress on <see cref="Console"/>. Dispose it when the work ends.</summary>
    public ProgressDisplay ShowProgress() => new(Console, Time);
}
