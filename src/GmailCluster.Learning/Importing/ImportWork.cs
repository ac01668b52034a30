using GmailCluster.Learning.Work;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Importing;

/// <summary>The stages that read a user's own pictures and captions. They need no compute slot, so whoever has the files can do them.</summary>
public static class ImportWork
{
    /// <summary>Whether a stage reads the user's files; captions of an imported set do not.</summary>
    public static bool ReadsFiles(Stage stage)
    {
        ArgumentNullException.ThrowIfNull(stage);
        return stage.Kind is StageKind.Import || (stage.Kind is StageKind.Prompts && stage.SettingsAs<PromptsSettings>().Prompts is not null);
    }

    /// <summary>Does the work of an import or a list of prompts.</summary>
    public static Task<WorkResult> Run(IObjectStore store, Stage stage, WorkProgress progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stage);
        return stage.Kind is StageKind.Import
            ? PictureImport.Run(store, stage, progress, cancellationToken)
            : PromptImport.Run(store, stage, progress, cancellationToken);
    }
}
