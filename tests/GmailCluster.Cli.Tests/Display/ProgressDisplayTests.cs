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

            display.Complete("generate", 60, "images");
            display.WriteLine("report: out/report.html");
        }

        Assert.Equal(
            """
            generate: 20/60 images, 33 %, 4.0 images/s, 10 s left
            generate: 40/60 images, 67 %, 4.0 images/s, 5.0 s left
            generate: 60 images, 3.9 images/s (15 s)
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

        Assert.EndsWith("generate: 540 images, 10.0 images/s\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_stage_that_nobody_saw_at_work_takes_no_time()
    {
        using var display = new ProgressDisplay(CliContext.ForWriter(_output), _time);

        display.Complete("generate", 60, "images");

        Assert.Equal("generate: 60 images\n", _output.ToString());
    }

    [Fact]
    public void A_quick_stage_leaves_one_line_whatever_else_is_at_work()
    {
        using var display = new ProgressDisplay(CliContext.ForWriter(_output), _time);

        display.Report("generate", 0, 500, "images");
        for (var stage = 0; stage < 8; stage++)
        {
            display.Report($"import {stage}", 0, 743, "pictures");
            _time.Advance(TimeSpan.FromSeconds(0.9));
            display.Report("generate", 10 * (stage + 1), 500, "images");
            display.Report($"import {stage}", 743, 743, "pictures");
            display.Complete($"import {stage}", 743, "pictures");
        }

        Assert.Equal(
            [
                .. Enumerable.Range(0, 5).Select(stage => $"import {stage}: 743 pictures (0.9 s)"),
                "generate: 60/500 images, 12 %, 11.1 images/s, 40 s left",
                .. Enumerable.Range(5, 3).Select(stage => $"import {stage}: 743 pictures (0.9 s)"),
            ],
            _output.ToString().TrimEnd().Split('\n'));
    }

    [Fact]
    public void A_long_stage_is_reported_less_and_less_often()
    {
        using var display = new ProgressDisplay(CliContext.ForWriter(_output), _time);
        for (var second = 0; second <= 3600; second++)
        {
            display.Report("generate", second, 10_000, "images");
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(_output.ToString().Split('\n').Length, 80, 90);
        Assert.EndsWith("/10,000 images, 36 %, 1.0 images/s, 1 h 47 min left\n", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_stage_that_does_not_get_on_gives_a_sign_of_life_each_minute()
    {
        using var display = new ProgressDisplay(CliContext.ForWriter(_output), _time);
        for (var second = 0; second <= 150; second++)
        {
            display.Report("generate", 0, 48, "images");
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("generate: 0/48 images, 0 %\ngenerate: 0/48 images, 0 %\n", _output.ToString());
    }

    [Fact]
    public void What_an_earlier_attempt_did_is_told_and_counts_for_no_speed()
    {
        using var display = new ProgressDisplay(CliContext.ForWriter(_output), _time);

        display.Report("caption", 0, 100, "steps"); // not yet known
        _time.Advance(TimeSpan.FromSeconds(1));
        display.Report("caption", 60, 100, "steps", before: 60);
        _time.Advance(TimeSpan.FromSeconds(7));
        display.Report("caption", 80, 100, "steps", before: 60);
        _time.Advance(TimeSpan.FromSeconds(2));
        display.Complete("caption", 100, "steps");

        Assert.Equal(
            """
            caption: 80/100 steps, 80 %, 2.5 steps/s, 8.0 s left
            caption: 100 steps, 60 of them before, 4.0 steps/s (10 s)

            """,
            _output.ToString());
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
            display.Complete("a [x]", 4, "steps");
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
