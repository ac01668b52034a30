using GmailCluster.Data.Tokenizers;
using GmailCluster.Learning.Arms;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Llava;
using GmailCluster.Learning.Work;
using GmailCluster.Models.Decoding;
using GmailCluster.Models.Llava;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Evaluation;

/// <summary>Asks a trained LLaVA about the test pictures and scores its answers as captions.</summary>
internal static class LlavaEvaluation
{
    private const int BatchSize = 64;

    public static async Task<WorkResult> Run(
        IObjectStore store, ComputePool pool, Stage stage, EvaluateSettings settings, string folder, IReadOnlyList<TestSet> tests, WorkProgress progress,
        CancellationToken cancellationToken)
    {
        using var model = LlavaModel.Load(folder);
        model.eval();
        var tokenizer = TokenizerFolder.Load(settings.LanguageModelFolder!);
        var spec = settings.Train.Llava!;
        var prompt = new LlavaPrompt(tokenizer, spec.Prompt, model.ImageToken, model.FeaturesPerImage);
        var options = new GenerationOptions { MaxNewTokens = spec.MaxTokens, EosTokenIds = [tokenizer.Special.Eos!.Value] };
        var results = new List<(TestSet, IReadOnlyList<string>)>();
        foreach (var test in tests)
        {
            var batches = await Task.WhenAll(test.Samples.Chunk(BatchSize).Select(async batch =>
            {
                var answers = await pool.Run(
                    () =>
                    {
                        using var scope = NewDisposeScope();
                        var ids = model.Generate(FeatureRows.Of(batch, normalise: false), prompt.Rows(batch.Length), options, cancellationToken: cancellationToken);
                        return Decoder.WithoutEnd(ids, options).Select(row => tokenizer.Decode(row).Trim()).ToArray();
                    },
                    cancellationToken).ConfigureAwait(false);
                progress.Add(batch.Length);
                return answers;
            })).ConfigureAwait(false);
            results.Add((test, [.. batches.SelectMany(answers => answers)]));
        }

        return await CaptionScoring.Score(store, stage, results, cancellationToken).ConfigureAwait(false);
    }
}
