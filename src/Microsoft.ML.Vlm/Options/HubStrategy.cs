namespace Microsoft.ML.Vlm;

/// <summary>When a run is pushed to the hub (<c>hub_strategy</c>).</summary>
public enum HubStrategy
{
    /// <summary>What was trained, once at the end (<c>end</c>).</summary>
    End,

    /// <summary>What has been trained so far, at every checkpoint and at the end (<c>every_save</c>).</summary>
    EverySave,

    /// <summary>As <see cref="EverySave"/>, and all that is needed to go on with the run as the folder <c>last-checkpoint</c> (<c>checkpoint</c>).</summary>
    Checkpoint,

    /// <summary>As <see cref="EverySave"/>, and every checkpoint as the folder that it is in the run's (<c>all_checkpoints</c>). Takes much space.</summary>
    AllCheckpoints,
}
