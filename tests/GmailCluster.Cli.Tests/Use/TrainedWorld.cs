using System.Text.Json;
using GmailCluster.Data.Shards;
using GmailCluster.Stages;

namespace GmailCluster.Cli.Tests.Use;

/// <summary>The ordinary pipeline, run once by the command itself on a little of the emoji world: a store with one result of each kind.</summary>
public sealed class TrainedWorld : IAsyncLifetime
{
    public const int MaxTokens = 12;

    private readonly Dictionary<StageKind, StageRecord> _stages = [];

    public static string Clip => RepositoryRoot.At("samples", "emoji", "emoji-clip");

    public static string TestPictures => RepositoryRoot.At("samples", "emoji", "noto", "test-compositional.tar");

    public string Folder { get; } = Directory.CreateTempSubdirectory("gmailcluster-use-").FullName;

    public string Store => Path.Combine(Folder, "store");

    /// <summary>The key of the one stage of a kind.</summary>
    public string Key(StageKind kind) => _stages[kind].Key.Value;

    /// <summary>The folder of a training stage's result.</summary>
    public string Run(StageKind kind) => Path.Combine(Store, "runs", Key(kind));

    /// <summary>The captions that an evaluation kept, by picture.</summary>
    public Dictionary<string, string> Evaluated(StageKind kind)
    {
        var evaluation = Directory.EnumerateFiles(Path.Combine(Store, "stages")).Select(Read).Single(stage => stage.Title == $"evaluate {_stages[kind].Title}");
        return JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(Path.Combine(Store, "evaluations", evaluation.Key.Value, "captions.json")))!;
    }

    /// <summary>A copy of a result without some of its files.</summary>
    public string CopyWithout(StageKind kind, params string[] names)
    {
        var target = Path.Combine(Folder, Guid.NewGuid().ToString("n"));
        foreach (var file in Directory.EnumerateFiles(Run(kind), "*", SearchOption.AllDirectories).Where(file => !names.Contains(Path.GetFileName(file))))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(Run(kind), file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return target;
    }

    /// <summary>A folder of its own with the first pictures of the test set.</summary>
    public async Task<string> Pictures(int count)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Folder, Guid.NewGuid().ToString("n"))).FullName;
        await using var stream = File.OpenRead(TestPictures);
        await foreach (var sample in new ShardReader(stream, TestPictures).Read(TestContext.Current.CancellationToken).Take(count))
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, $"{sample.Key}.png"), sample.Members["png"], TestContext.Current.CancellationToken);
        }

        return folder;
    }

    public async ValueTask InitializeAsync()
    {
        var emoji = RepositoryRoot.At("samples", "emoji");
        var spec = Path.Combine(Folder, "small.yaml");
        await File.WriteAllTextAsync(spec, $$"""
            name: small
            world_size: 2
            models:
              clip: {{emoji}}/emoji-clip
              diffusion: {{emoji}}/emoji-sd
              language_model: {{emoji}}/emoji-gpt2
              llava_language_model: {{emoji}}/emoji-llama
            data:
              train: { path: {{emoji}}/noto/validation.tar }
              tests:
                - { name: compositional, path: {{emoji}}/noto/test-compositional.tar }
              prompts: { path: {{emoji}}/captions.jsonl, splits: [validation, test-compositional], limit: 24 }
            arms: [gmail]
            generate: { steps: 1, guidance_scale: 1, shard_size: 8, batch_size: 8 }
            align: { steps: 2, batch_size: 8, optimizer: { warmup_steps: 1 } }
            caption: { steps: 3, batch_size: 8, beams: 2, max_tokens: {{MaxTokens}} }
            retrieve: { steps: 3, batch_size: 8 }
            long: { steps: 1, batch_size: 4, kept_positions: 12 }
            llava: { steps: 3, batch_size: 8, max_tokens: {{MaxTokens}}, prompt: "USER: <image> What can you see? ASSISTANT:" }
            """);
        var run = await CliRun.Of("run", spec, "--store", Store);
        Assert.True(run.ExitCode == 0, $"{run.Out}\n{run.Error}");
        foreach (var stage in Directory.EnumerateFiles(Path.Combine(Store, "stages")).Select(Read).Where(stage => Directory.Exists(Path.Combine(Store, "runs", stage.Key.Value))))
        {
            _stages.Add(stage.Kind, stage);
        }
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static StageRecord Read(string path) => JsonSerializer.Deserialize<StageRecord>(File.ReadAllBytes(path), StageJson.Options)!;
}

[CollectionDefinition(Name)]
public sealed class TrainedWorldCollection : ICollectionFixture<TrainedWorld>
{
    public const string Name = "a trained world";
}
