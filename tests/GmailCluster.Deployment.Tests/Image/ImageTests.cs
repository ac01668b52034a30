namespace GmailCluster.Deployment.Tests.Image;

/// <summary>The command in the image's root, as the image's user.</summary>
public sealed class ImageTests(ImageRoot image)
{
    [Fact]
    public async Task It_runs_as_a_numbered_user_who_can_write_in_two_places_only()
    {
        var run = await image.RunProgram(
        [
            "bash", "-c",
            "id -u; id -g; grep CapEff /proc/self/status; for f in / /app /etc /usr/local/bin /usr/share/dotnet /work /tmp /var/cache/gmailcluster; do touch $f/x 2>/dev/null && echo $f; done; true",
        ]);

        Assert.Equal("10001\n10001\nCapEff:\t0000000000000000\n/tmp\n/var/cache/gmailcluster\n", run.Text);
    }

    [Fact]
    public async Task Doctor_finds_the_native_libraries_unicode_and_the_store_in_order()
    {
        using var store = new OpenFolder();

        var run = await image.Run(["doctor"], (store.Path, "/work"));

        Assert.True(run.ExitCode == 0, run.Out + run.Error);
        Assert.Contains("ok       libtorch: 2.", run.Out, StringComparison.Ordinal);
        Assert.Contains("ok       picture decoder", run.Out, StringComparison.Ordinal);
        Assert.Contains("ok       Unicode: text is normalised (ICU is there)", run.Out, StringComparison.Ordinal);
        Assert.Contains("ok       store: /work/.gmailcluster can be written", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("problem", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_says_what_to_do_when_the_store_cannot_be_written()
    {
        var run = await image.Run(["doctor"]);

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("problem  store: /work/.gmailcluster: could not be written: the file system is read-only.", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sample_is_valid_there()
    {
        var run = await image.Run(["validate", "/work/samples/emoji/quick.yaml"], (RepositoryRoot.Folder, "/work"));

        Assert.True(run.ExitCode == 0, run.Out + run.Error);
    }

    [Fact]
    public async Task The_command_is_on_the_path_for_kubectl_exec()
    {
        var run = await image.RunProgram(["bash", "-c", "gmailcluster --version"]);

        Assert.Matches(@"^\d+\.\d+\.\d+", run.Text);
    }

    [Fact]
    public async Task Licence_and_notice_are_in_the_image()
    {
        Assert.StartsWith("MIT", (await image.RunProgram(["head", "-1", "/app/LICENSE"])).Text, StringComparison.Ordinal);
        Assert.NotEmpty((await image.RunProgram(["cat", "/app/NOTICE"])).Text);
    }
}
