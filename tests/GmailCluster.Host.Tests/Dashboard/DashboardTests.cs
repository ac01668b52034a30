using System.Globalization;
using System.Text.Json;
using GmailCluster.Data.Storage;
using GmailCluster.Grains;
using GmailCluster.Host.Tests.Api;
using GmailCluster.Stages;
using GmailCluster.Storage;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace GmailCluster.Host.Tests.Dashboard;

/// <summary>The dashboard in a real browser on a real experiment.</summary>
[Collection(nameof(ApiCollection))]
public sealed class DashboardTests(ApiWorld world, DashboardBrowser browser) : IClassFixture<DashboardBrowser>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_experiment_is_shown_whole_and_what_a_caption_says_is_never_run()
    {
        await using var opened = await browser.Open();
        var page = await SignedIn(opened);

        await page.GetByRole(AriaRole.Link, new() { Name = world.Id }).ClickAsync();
        await Assertions.Expect(page.Locator("svg .node")).ToHaveCountAsync(world.Stages.Count);
        await Assertions.Expect(page.Locator(".events li").First).ToContainTextAsync("Done.");
        await page.GotoAsync(Url($"experiments/{world.Id}/{world.Stage(StageKind.Generate).Key}"));
        await Assertions.Expect(page.Locator(".samples img").First).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".samples figcaption", new() { HasTextString = ApiWorld.Hostile })).ToBeVisibleAsync();
        await page.EvaluateAsync("() => Promise.all([...document.querySelectorAll('.samples img')].map(image => image.decode()))"); // fails if one is none
        await Picture(page, "generation");
        await page.GotoAsync(Url($"experiments/{world.Id}/{world.Stage(StageKind.Align).Key}"));
        await Assertions.Expect(page.Locator("figcaption", new() { HasTextString = "Loss" }).Locator(".read")).ToContainTextAsync("step 3");
        await Picture(page, "experiment");

        Assert.Equal($"{world.Id} – GmailCluster", await page.TitleAsync());
        Assert.Equal(0, await page.Locator("main script").CountAsync());
        Assert.Empty(opened.Complaints);
    }

    [Fact]
    public async Task The_report_is_shown_within_the_page_and_runs_its_script_apart_from_it()
    {
        await using var opened = await browser.Open();
        var page = await SignedIn(opened);

        await page.GotoAsync(Url($"experiments/{world.Id}"));
        await page.GetByText("Show it here").ClickAsync();
        var report = page.FrameLocator("iframe.report");
        await Assertions.Expect(report.Locator("h1").First).ToBeVisibleAsync();
        await Picture(page, "report");

        Assert.Equal("null", await report.Locator("body").EvaluateAsync<string>("() => window.origin"));
        Assert.Empty(opened.Complaints);
    }

    [Fact]
    public async Task The_keyboard_alone_leads_from_the_list_to_a_point_of_a_curve()
    {
        await using var opened = await browser.Open();
        var page = await SignedIn(opened);

        await page.GetByRole(AriaRole.Link, new() { Name = world.Id }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        var node = page.Locator($"svg a[href$='{world.Stage(StageKind.Caption).Key}']");
        await node.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("h2", new() { HasTextString = world.Stage(StageKind.Caption).Title })).ToBeVisibleAsync();
        await Assertions.Expect(node).ToBeFocusedAsync(); // the next key goes on from there
        var curve = page.Locator("canvas").First;
        var read = page.Locator("figcaption .read").First;
        await Assertions.Expect(read).ToContainTextAsync("step 6");
        await curve.FocusAsync();
        await page.Keyboard.PressAsync("Home");

        await Assertions.Expect(read).ToContainTextAsync("step 1");
        Assert.Empty(opened.Complaints);
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 1280)]
    [InlineData(ColorScheme.Dark, 390)]
    [InlineData(ColorScheme.Light, 390)]
    public async Task Every_page_fits_its_window_and_can_be_read(ColorScheme scheme, int width)
    {
        await using var opened = await browser.Open(width, 844, scheme);
        var page = await SignedIn(opened);

        foreach (var (name, hash, seen) in new[]
        {
            ("list", "", "table.list"), ("one", $"experiments/{world.Id}/{world.Stage(StageKind.Caption).Key}", "canvas"), ("silos", "silos", ".slots"),
        })
        {
            await page.GotoAsync(Url(hash));
            await Assertions.Expect(page.Locator(seen).First).ToBeVisibleAsync();
            await Picture(page, $"{name}-{scheme.ToString().ToLowerInvariant()}-{width.ToString(CultureInfo.InvariantCulture)}");
            Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), $"{name} is wider than its window");
            Assert.Equal("", await page.EvaluateAsync<string>(LowContrast));
        }

        Assert.Empty(opened.Complaints);
    }

    [Fact]
    public async Task A_hundred_thousand_steps_and_a_hundred_experiments_are_shown_in_a_blink()
    {
        var stage = world.Stage(StageKind.Retrieve); // nobody else looks at it: the API keeps what is finished
        var kept = await world.Store.ReadAllBytes(RunTimeline.ObjectKey(stage.Key), Token);
        var losses = await world.Store.ReadAllBytes($"runs/{stage.Key}/losses.json", Token);
        await using var many = await ManyExperiments.Write(world.Store, 100, Token);
        await using var opened = await browser.Open();
        try
        {
            // As a version left it that kept losses alone: the API makes few points of them.
            await world.Store.Delete(RunTimeline.ObjectKey(stage.Key), null, Token);
            await world.Store.PutBytes($"runs/{stage.Key}/losses.json", JsonSerializer.SerializeToUtf8Bytes(Enumerable.Range(0, 100_000).Select(i => 4 / Math.Sqrt(1 + (i / 500.0)) + (0.1 * Math.Sin(i * 0.7)))), PutCondition.Always, Token);
            var page = await SignedIn(opened);

            await Assertions.Expect(page.Locator("table.list tbody tr")).ToHaveCountAsync(50);
            await page.GetByRole(AriaRole.Button, new() { Name = "Older" }).ClickAsync();
            await Assertions.Expect(page.GetByText(new Regex("51 to 100 of 10[12]"))).ToBeVisibleAsync();
            await page.GetByRole(AriaRole.Searchbox).FillAsync("many-042");
            await Assertions.Expect(page.Locator("table.list tbody tr")).ToHaveCountAsync(1);
            await page.EvaluateAsync("() => performance.clearResourceTimings()");
            await page.GotoAsync(Url($"experiments/{world.Id}/{stage.Key}"));
            await Assertions.Expect(page.Locator("figcaption .read").First).ToContainTextAsync("100,000");
            await Picture(page, "long-curve");

            var points = await page.EvaluateAsync<int>($"async () => (await (await fetch('api/experiments/{world.Id}/stages/{stage.Key}/timeline?points=800')).json()).points.length");
            Assert.InRange(points, 400, 800);
            Assert.Empty(opened.Complaints);
        }
        finally
        {
            await world.Store.PutBytes(RunTimeline.ObjectKey(stage.Key), kept, PutCondition.Always, CancellationToken.None);
            await world.Store.PutBytes($"runs/{stage.Key}/losses.json", losses, PutCondition.Always, CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_token_that_is_not_let_in_is_told_so_and_signing_out_forgets_the_right_one()
    {
        await using var opened = await browser.Open();
        var page = opened.Page;

        await page.GotoAsync(world.Address.ToString());
        await page.GetByLabel("Token").FillAsync("wrong");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("This token is not let in.");
        await page.GetByLabel("Token").FillAsync(world.ReadToken);
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByText("rob may read")).ToBeVisibleAsync();
        Assert.Equal("", await page.EvaluateAsync<string>("document.cookie")); // no script sees it
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.ReloadAsync();

        await Assertions.Expect(page.GetByLabel("Token")).ToBeVisibleAsync();
    }

    // Text against what lies behind it, as WCAG 2 counts it: 4.5 for text of this size.
    private const string LowContrast = """
        () => {
          const parse = text => { const parts = text.match(/[\d.]+/g).map(Number); return parts.length < 4 ? [...parts, 1] : parts; };
          const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
          const behind = element => { for (let at = element; at; at = at.parentElement) { const c = parse(getComputedStyle(at).backgroundColor); if (c[3] === 1) return c; } return [255, 255, 255, 1]; };
          const found = [];
          for (const element of document.querySelectorAll('main *, header *')) {
            const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
            if (!own || !element.checkVisibility() || element.closest('svg') || element.disabled || element.classList.contains('skip')) continue;
            const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
            const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
            if (ratio < 4.5) found.push(`${element.className || element.tagName}: ${element.textContent.slice(0, 30)} ${ratio.toFixed(2)}`);
          }
          return found.join('; ');
        }
        """;

    private string Url(string hash) => $"{world.Address}#/{hash}";

    private Task<IPage> SignedIn(WatchedPage opened) => opened.SignIn(world.Address, world.WriteToken);

    private static Task Picture(IPage page, string name) => WatchedPage.Picture(page, name);
}
