using GmailCluster.Data.Tokenizers;
using GmailCluster.Learning.Arms;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Work;
using GmailCluster.Models.ClipCap;
using GmailCluster.Models.Decoding;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Evaluation;

/// <summary>Captions the test pictures with a trained CLIPCap model and scores them.</summary>
internal static class CaptionEvaluation
{
    private const int BatchSize = 64;

    public static async Task<WorkResult> Run(
        IObjectStore store, ComputePool pool, Stage stage, EvaluateSettings settings, string folder, IReadOnlyList<TestSet> tests, WorkProgress progress,
        CancellationToken cancellationToken)
    {
        using var model = ClipCapModel.Load(folder);
        model.eval();
        var tokenizer = TokenizerFolder.Load(settings.LanguageModelFolder!);
        var spec = settings.Train.Caption!;
        var options = new GenerationOptions { MaxNewTokens = spec.MaxTokens, EosTokenIds = [tokenizer.Special.Eos!.Value], BeamCount = spec.Beams };
        var results = new List<(TestSet, IReadOnlyList<string>)>();
        foreach (var test in tests)
        {
            var batches = await Task.WhenAll(test.Samples.Chunk(BatchSize).Select(async batch =>
            {
                var captions = await pool.Run(
                    () =>
                    {
                        using var scope = NewDisposeScope();
                        var ids = model.Generate(FeatureRows.Of(batch, model.Config.NormalizePrefix), options, cancellationToken);
                        return Decoder.WithoutEnd(ids, options).Select(row => tokenizer.Decode(row).Trim()).ToArray();
                    },
                    cancellationToken).ConfigureAwait(false);
                progress.Add(batch.Length);
                return captions;
            })).ConfigureAwait(false);
            results.Add((test, [.. batches.SelectMany(captions => captions)]));
        }

        return await CaptionScoring.Score(store, stage, results, cancellationToken).ConfigureAwait(false);
    }
}
