using GmailCluster.Cli.Display;
using Microsoft.Extensions.Time.Testing;
using Spectre.Console;

namespace GmailCluster.Cli.Tests.Display;

public sealed class ProgressDisplayTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly StringWriter _output = new() { NewLine = "\n" };

    public void Dispose() => _output.Dispose();

    [Fact]
    public void Without_a_terminal_there_is_a_line_every_few_seconds_and_one_at_the_end()
    {
        using (var display = new ProgressDisplay(CliContext.ForWriter(_output), _time))
        {
            for (var done = 0; done <= 60; done++)
            {
                display.Report("generate", done, 60, "images");
                _time.Advance(TimeSpan.FromSeconds(0.25));
            }

            display.Complete("generate", "60 images");
            display.WriteLine("report: out/report.html");
        }

        Assert.Equal(
            """
            generate: 20/60 images, 33 %, 4.0 images/s, 10 s left
            generate: 40/60 images, 67 %, 4.0 images/s, 5.0 s left
            generate: 60/60 images, 100 %, 4.0 images/s
            generate: 60 images (15 s)
            report: out/report.html

            """,
            _output.ToString());
    }

    [Fact]
    public void What_was_done_before_counts_for_no_speed()
    {
        using var display = new ProgressDisplay(CliContext.ForWriter(_output), _time);

        display.Report("align", 1_000, 1_200, "steps");
        _time.Advance(TimeSpan.FromSeconds(10));
        display.Report("align", 1_020, 1_200, "steps");

        Assert.Equal("align: 1,020/1,200 steps, 85 %, 2.0 steps/s, 1 min 30 s left\n", _output.ToString());
    }

    [Fact]
    public void The_speed_is_that_of_the_last_seconds()
    {
        using var display = new ProgressDisplay(CliContext.ForWriter(_output), _time);
        for (var second = 0; second < 120; second++)
        {
            display.Report("generate", second < 60 ? second : 60 + (10 * (second - 60)), 0, "images");
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.EndsWith("generate: 610 images, 10.0 images/s\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cached_stage_takes_no_time()
    {
        using var display = new ProgressDisplay(CliContext.ForWriter(_output), _time);

        display.Complete("generate", "cached");

        Assert.Equal("generate: cached\n", _output.ToString());
    }

    [Fact]
    public void In_a_terminal_lines_are_redrawn_in_place_and_finished_ones_stay_above()
    {
        using (var display = new ProgressDisplay(Terminal(width: 100), _time))
        {
            display.Report("a [x]", 0, 4, "steps");
            _time.Advance(TimeSpan.FromSeconds(1));
            display.Report("a [x]", 2, 4, "steps");
            _time.Advance(TimeSpan.FromSeconds(0.01));
            display.Report("a [x]", 3, 4, "steps"); // too soon to be drawn
            display.Complete("a [x]", "4 steps");
        }

        Assert.Equal(
            """
            a [x]  ────────────────────────  0/4 steps  0 %
            ^[1A^[0Ja [x]  ━━━━━━━━━━━━────────────  2/4 steps  50 %  2.0 steps/s  1.0 s left
            ^[1A^[0J✓ a [x]: 4 steps (1.0 s)

            """,
            Shown());
    }

    [Fact]
    public void In_a_narrow_terminal_a_line_never_wraps()
    {
        using var display = new ProgressDisplay(Terminal(width: 30), _time);

        display.Report("caption gmail+real, seed 0", 0, 250, "steps");

        Assert.Equal("caption gmail+real, seed 0: …\n", Shown());
    }

    [Fact]
    public void Disposing_removes_the_bars()
    {
        var display = new ProgressDisplay(Terminal(width: 100), _time);
        display.Report("align", 0, 4, "steps");

        display.Dispose();

        Assert.EndsWith("^[1A^[0J", Shown(), StringComparison.Ordinal);
    }

    private IAnsiConsole Terminal(int width)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(_output), Ansi = AnsiSupport.Yes, ColorSystem = ColorSystemSupport.NoColors,
        });
        (console.Profile.Width, console.Profile.Height) = (width, 24);
        return console;
    }

    // The escape character, made visible; returns are left out.
    private string Shown() => _output.ToString().Replace("\u001b", "^", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal);
}
