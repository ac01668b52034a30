namespace GmailCluster.Cli.Tests.Use;

[Collection(TrainedWorldCollection.Name)]
public sealed class LongTaskTests(TrainedWorld world)
{
    [Fact]
    public async Task Positions_that_leave_nothing_to_stretch_are_refused_with_both_numbers()
    {
        var run = await Run("kept_positions: 32");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"long.kept_positions: is 32, but the text tower of {TrainedWorld.Clip} has 32 positions. Set at most 31", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_short_loss_is_part_of_the_key_and_of_the_result()
    {
        var (without, with) = (await Run("kept_positions: 12, short_weight: 0"), await Run("kept_positions: 12, short_weight: 0.5"));
        var again = await Run("kept_positions: 12");

        Assert.Equal((0, 0, 0), (without.ExitCode, with.ExitCode, again.ExitCode));
        var results = Directory.EnumerateFiles(Path.Combine(world.Folder, "long", "runs"), "model.safetensors", SearchOption.AllDirectories).Select(File.ReadAllBytes).ToArray();
        Assert.Equal(2, results.Length); // a weight of 0 is the same run as none
        Assert.False(results[0].AsSpan().SequenceEqual(results[1]));
    }

    private async Task<CliRun> Run(string settings)
    {
        var emoji = RepositoryRoot.At("samples", "emoji");
        var spec = Path.Combine(world.Folder, "long.yaml");
        await File.WriteAllTextAsync(spec, $$"""
            name: long
            world_size: 2
            models: { clip: {{emoji}}/emoji-clip }
            data:
              train: { path: {{emoji}}/noto/validation.tar }
              tests:
                - { name: compositional, path: {{emoji}}/noto/test-compositional.tar }
            arms: [real]
            long: { steps: 1, batch_size: 48, {{settings}} }
            """, TestContext.Current.CancellationToken);
        return await CliRun.Of("run", spec, "--store", Path.Combine(world.Folder, "long"));
    }
}
