using GmailCluster.Data.Captions;
using GmailCluster.Learning.Pictures;
using GmailCluster.Learning.Work;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Importing;

/// <summary>The captions to generate for: a list of their own, or those of the training pictures.</summary>
internal static class PromptImport
{
    public static async Task<WorkResult> Run(IObjectStore store, Stage stage, WorkProgress progress, CancellationToken cancellationToken)
    {
        var settings = stage.SettingsAs<PromptsSettings>();
        Prompt[] prompts = settings.Prompts is { } list
            ? [.. await PromptReader.Read(list, settings.BaseFolder, cancellationToken).ConfigureAwait(false)]
            : [.. (await PictureSets.Captions(store, settings.Images!.Value, cancellationToken).ConfigureAwait(false))
                .Select(item => new Prompt(item.Id, item.Caption, item.LongCaption))];
        progress.Add(prompts.Length);
        return new WorkResult { Files = await CaptionStore.Write(store, stage.Key, prompts, cancellationToken).ConfigureAwait(false) };
    }
}
