using System.Globalization;
using Spectre.Console;

namespace GmailCluster.Cli.Display;

/// <summary>A stage at work, as one line.</summary>
internal sealed class StageLine(string stage, StagePace pace)
{
    private const int BarWidth = 24;

    public string Stage { get; } = stage;

    public StagePace Pace { get; } = pace;

    public long Done { get; set; }

    public long Total { get; set; }

    /// <summary>How many of <see cref="Done"/> an earlier attempt had finished.</summary>
    public long Before { get; set; }

    public string Unit { get; set; } = "";

    /// <summary>When a plain line was last written; first, when the stage began.</summary>
    public TimeSpan LastShown { get; set; }

    /// <summary>What was done by then.</summary>
    public long LastDone { get; set; }

    /// <summary>"generate: 128/500 images, 26 %, 4.5 images/s, 1 min 23 s left".</summary>
    public string Plain() => $"{Stage}: {string.Join(", ", Parts())}";

    /// <summary>The line with a bar, as markup of at most <paramref name="width"/> columns.</summary>
    public string Bar(int width)
    {
        var text = string.Join("  ", Parts());
        var filled = Total > 0 ? (int)(BarWidth * Math.Clamp((double)Done / Total, 0, 1)) : 0;
        var bar = $"[green]{new string('━', filled)}[/][grey]{new string('─', BarWidth - filled)}[/]";
        var room = width - BarWidth - 4;
        return room < Stage.Length + text.Length
            ? Markup.Escape(Cut(Plain(), width))
            : $"{Markup.Escape(Stage)}  {bar}  {Markup.Escape(text)}";
    }

    private IEnumerable<string> Parts()
    {
        yield return Total > 0 ? $"{Figures.Count(Done)}/{Figures.Count(Total)} {Unit}" : $"{Figures.Count(Done)} {Unit}";
        if (Total > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{100 * Math.Clamp((double)Done / Total, 0, 1):0} %");
        }

        if (Pace.PerSecond() is { } rate)
        {
            yield return Figures.Rate(rate, Unit);
        }

        if (Total > Done && Pace.Left(Total - Done) is { } left)
        {
            yield return $"{Figures.Duration(left)} left";
        }
    }

    private static string Cut(string text, int width) => text.Length <= width ? text : $"{text[..(width - 1)]}…";
}
