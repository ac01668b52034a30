using System.Globalization;
using System.Text.RegularExpressions;
using GmailCluster.Host.Experiments;
using GmailCluster.Host.Tests.Api;
using GmailCluster.Specs;
using GmailCluster.Stages;
using Microsoft.Playwright;

namespace GmailCluster.Host.Tests.Dashboard;

/// <summary>An experiment that runs, looked at while it does.</summary>
[Collection(nameof(ApiCollection))]
public sealed partial class LiveTests(ApiWorld world, DashboardBrowser browser) : IClassFixture<DashboardBrowser>
{
    private static readonly LocatorAssertionsToContainTextOptions Patient = new() { Timeout = 60_000 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Shards_and_steps_show_as_they_come_and_the_page_cancels_and_resumes()
    {
        var spec = Path.Combine(world.Folder, "live.yaml");
        await File.WriteAllTextAsync(
            spec,
            (await File.ReadAllTextAsync(world.Experiment.SpecPath, Token)).Replace("name: tiny", "name: live", StringComparison.Ordinal)
                .Replace("steps: 2, guidance_scale: 2, shard_size: 20, batch_size: 8", "steps: 12, guidance_scale: 2, shard_size: 2, batch_size: 2", StringComparison.Ordinal)
                .Replace("caption: { steps: 6", "caption: { steps: 20000", StringComparison.Ordinal),
            Token);
        using var client = world.Client();
        var id = await client.Submit(SpecReader.Read(spec), _ => { }, Token);
        Assert.Contains(await new ExperimentShelf(world.Store).List(Token), listed => listed.Id == id && listed.Phase is StagePhase.Running); // at once, for 'status' may be the next command
        var stages = await client.Stages(id, Token);
        await using var opened = await browser.Open();
        var page = await opened.SignIn(world.Address, world.WriteToken);

        await page.GotoAsync($"{world.Address}#/experiments/{id}/{stages.First(stage => stage.Kind is StageKind.Generate).Key}");
        var shards = page.Locator("figcaption", new() { HasTextString = "Shards" }).Locator(".read");
        await Assertions.Expect(shards).ToContainTextAsync(PartlyMade(), new() { Timeout = 60_000 });
        await Assertions.Expect(page.Locator(".samples img").First).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await WatchedPage.Picture(page, "live-generation");
        page.Dialog += (_, dialog) => _ = dialog.AcceptAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Assertions.Expect(page.Locator(".phase").First).ToHaveTextAsync("cancelled");
        await page.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();

        await page.GotoAsync($"{world.Address}#/experiments/{id}/{stages.First(stage => stage.Kind is StageKind.Caption).Key}");
        await Assertions.Expect(page.Locator(".ranks span")).ToHaveCountAsync(4, new() { Timeout = 60_000 });
        var read = page.Locator("figcaption .read").First;
        await Assertions.Expect(read).ToContainTextAsync(LaterStep(), new() { Timeout = 30_000 });
        var before = await read.InnerTextAsync();
        await Assertions.Expect(read).Not.ToHaveTextAsync(before, new() { Timeout = 30_000 }); // a function to wait for would need eval, which the page forbids
        Assert.True(Step(await read.InnerTextAsync()) > Step(before), before);
        await Assertions.Expect(page.Locator(".events li").First).ToContainTextAsync("started.", Patient);
        await WatchedPage.Picture(page, "live-run");
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();

        await Assertions.Expect(page.Locator(".phase").First).ToHaveTextAsync("cancelled");
        Assert.Empty(opened.Complaints);
    }

    private static int Step(string words) => int.Parse(LaterStep().Match(words).Groups["step"].Value.Replace(",", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

    [GeneratedRegex("^([1-9]|1[01]) of 12 made, [12] in hand")]
    private static partial Regex PartlyMade();

    [GeneratedRegex(@"(?<step>[\d,]{2,})$")]
    private static partial Regex LaterStep();
}
