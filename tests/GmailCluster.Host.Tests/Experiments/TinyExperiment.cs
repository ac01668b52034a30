using GmailCluster.Cluster.Stages;
using GmailCluster.Data.Storage;
using GmailCluster.Host.Experiments;
using GmailCluster.Host.Roles;
using GmailCluster.Results;
using GmailCluster.Specs;
using GmailCluster.Stages;
using GmailCluster.Storage;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Host.Tests.Experiments;

/// <summary>The whole pipeline on the emoji world, as small as it goes, in a folder of its own.</summary>
internal sealed class TinyExperiment : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-test-").FullName;

    public TinyExperiment(string? tasks = null, string promptSplits = "validation, test-compositional")
    {
        SpecPath = Path.Combine(_folder, "tiny.yaml");
        File.WriteAllText(SpecPath, Text(tasks ?? AllTasks, promptSplits));
    }

    /// <summary>The emoji world: models, pictures, captions.</summary>
    public static string Emoji => Path.Combine(Repository(), "samples", "emoji");

    public const string AllTasks = """
        caption: { steps: 4, batch_size: 8 }
        retrieve: { steps: 3, batch_size: 8 }
        long: { steps: 2, batch_size: 8, kept_positions: 12 }
        llava: { steps: 3, batch_size: 8 }
        """;

    /// <summary>The folder that the spec and the store lie in.</summary>
    public string Folder => _folder;

    public string SpecPath { get; }

    public string StorePath => Path.Combine(_folder, "store");

    public IObjectStore Store => new FolderObjectStore(StorePath);

    public Task<ExperimentRun> Plan(CancellationToken cancellationToken) =>
        ExperimentRun.Plan(Store, SpecReader.Read(SpecPath), TimeProvider.System, cancellationToken);

    public async Task<ExperimentResults> Run(int slots, CancellationToken cancellationToken)
    {
        var run = await Plan(cancellationToken);
        await using var silo = await EmbeddedSilo.Start(Store, slots, LogLevel.None, cancellationToken);
        return await run.Execute(silo, _ => { }, cancellationToken);
    }

    /// <summary>SHA-256 of every file that stages of a kind left.</summary>
    public async Task<IReadOnlyDictionary<string, string>> Hashes(Func<StageKind, bool> kinds, CancellationToken cancellationToken)
    {
        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var stage in (await Plan(cancellationToken)).Stages.Where(stage => kinds(stage.Kind)))
        {
            foreach (var file in (await StageRecords.Read(Store, stage.Key, cancellationToken))!.Files)
            {
                hashes[file.ObjectKey] = file.Sha256;
            }
        }

        return hashes;
    }

    /// <summary>Replaces a part of the spec.</summary>
    public TinyExperiment With(string part, string replacement)
    {
        var text = File.ReadAllText(SpecPath);
        if (!text.Contains(part, StringComparison.Ordinal))
        {
            throw new ArgumentException($"The spec does not contain '{part}'.", nameof(part));
        }

        File.WriteAllText(SpecPath, text.Replace(part, replacement, StringComparison.Ordinal));
        return this;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Text(string tasks, string promptSplits)
    {
        var hasLlava = tasks.Contains("llava", StringComparison.Ordinal);
        var emoji = Emoji;
        return $$"""
            name: tiny
            world_size: 4
            models:
              clip: {{emoji}}/emoji-clip
              diffusion: {{emoji}}/emoji-sd
              language_model: {{emoji}}/emoji-gpt2
              {{(hasLlava ? $"llava_language_model: {emoji}/emoji-llama" : "")}}
            data:
              train: { path: {{emoji}}/noto/validation.tar }
              tests:
                - { name: novel, path: {{emoji}}/noto/test-compositional.tar }
              prompts:
                path: {{emoji}}/captions.jsonl
                splits: [{{promptSplits}}]
                limit: 48
            arms: [naive, gmail+real]
            generate: { steps: 2, guidance_scale: 2, shard_size: 20, batch_size: 8 }
            align:
              steps: 3
              batch_size: 8
              optimizer: { warmup_steps: 1 }
              {{(hasLlava ? "loss: { patch_cosine: 1, patch_mmd: 20, patch_position_mmd: 20, patch_info_nce: 1 }" : "")}}
            {{tasks}}
            checkpoint: { every_steps: 1 }
            evaluate: { sheet_pairs: 2 }
            """.Replace("\r\n", "\n", StringComparison.Ordinal);
    }

    private static string Repository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "GmailCluster.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run from within the repository.");
        }

        return folder;
    }
}
